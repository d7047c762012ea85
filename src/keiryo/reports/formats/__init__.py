"""File formats of reports; one reader and one writer per format."""
