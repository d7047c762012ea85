"""Verification by an inspector: sampling plans, operator-inspector differences, MUF-D."""
