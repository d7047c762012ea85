"""Evaluation of the closed balances in the books: MUF, its uncertainty, limits, a verdict."""
