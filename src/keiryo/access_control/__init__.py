"""Access and insider protection: records of access checked against rules; knows no books."""
