"""Statistics of material balances on plain arrays: is material missing, and would we know it.

Nothing here knows of books, files or commands. Amounts and standard deviations are in kilograms
(of the element, or of one isotope: never both in one array); a loss is positive.
"""
