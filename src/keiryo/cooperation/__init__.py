"""Cooperation: instruments between States, what was promised by whom, and what came of it."""
