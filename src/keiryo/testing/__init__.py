"""For tests of those who use keiryo, and for its own: random valid input, and naive models."""
