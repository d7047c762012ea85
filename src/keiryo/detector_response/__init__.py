"""How a detector answers to photons: a model fitted to calibration measurements."""
