"""Nuclides: names, lines, what they are used for, and how matter attenuates their photons."""
