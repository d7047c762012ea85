"""Reports of nuclear material to the safeguards authority: read, check, write."""
