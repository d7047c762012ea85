"""Research reactors are converted: high enriched uranium goes, and none may be left."""
