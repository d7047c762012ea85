"""Evidence for the inputs of evaluations: tests, outages, compensatory measures, as acts."""
