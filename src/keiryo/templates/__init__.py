"""Templates: the spectra that nuclides give in a detector, to match measured ones against."""
