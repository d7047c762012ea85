"""Measurements behind the books: error sources, target values, calibrations, controls."""
