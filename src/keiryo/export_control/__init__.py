"""Export control: what may leave the State, under which licence and assurance, announced when."""
