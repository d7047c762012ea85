"""Coverage: whether the knowledge of an item was continuous, and what follows where it was not."""
