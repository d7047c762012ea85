"""Logs of devices that show when they were changed: chains, trees, signed heads, keys, messages."""
