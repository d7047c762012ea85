"""The API under /api/v1, one module for each capability; each names its `SECTION`."""
