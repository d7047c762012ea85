"""Equipment in custody: lent and borrowed instruments, who has each, and whether it can be trusted."""
