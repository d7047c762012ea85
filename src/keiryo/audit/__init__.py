"""The audit pack: everything an inspector needs about one area, readable without keiryo."""
