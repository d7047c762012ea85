"""Pages, one module for each capability; each names its `SECTION`."""
