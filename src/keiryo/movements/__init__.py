"""Item movements from simulators and plant systems, brought into the books by a mapping file."""
