"""Correcting what was reported: the chain of entries that follows from one wrong value."""
