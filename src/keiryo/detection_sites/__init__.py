"""Detection sites, their lanes and instruments, and the records that the instruments make."""
