"""Equipment in custody: instruments lent and borrowed, who has each, whether it is trusted."""
