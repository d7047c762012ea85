"""Material categories of physical protection: what is recorded of batches, and what follows.

The books say what an area holds; a protection attribute adds where a batch is kept, whether it is
irradiated, how strongly, and what the State decided. The category is worked out from both for any
day (`keiryo.protection.category`) and never recorded.
"""
