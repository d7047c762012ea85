"""The books: ledger lines, effective entries, balances, inventories, closing, evidence chain."""
