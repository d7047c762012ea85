"""What an authority asks about a set of reports: dates, contents, books, balances, transfers."""
