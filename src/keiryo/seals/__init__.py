"""Seals: from stock to attachment, checks, detachment, examination and destruction."""
