"""Containment: structures that bound material, the ways into them, and what watches each way."""
