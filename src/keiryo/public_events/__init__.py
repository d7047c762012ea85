"""Radiation detection at major public events: plans, background surveys, and what follows."""
