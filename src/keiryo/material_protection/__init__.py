"""Under whose protection and access material stood: the regime's records along its stay."""
