"""Radiation portal monitors: their daily files, and the logic of their alarms; knows no books."""
