"""People: who they are, what they may do and see, how they sign in, and how they sign."""
