"""Gamma spectra: read from files of instruments, with nothing invented; knows no books."""
