"""Which nuclides a spectrum shows: by peaks, by templates, and how sure that is."""
