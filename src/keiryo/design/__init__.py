"""Design questions: thresholds, detection probabilities, and what an improvement would buy."""
