"""Public figures: what was printed about a State's material, held against itself and our sums."""
