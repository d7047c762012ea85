"""Screening of camera images: what changed, when the view was bad, what was never recorded.

Nothing here knows books, people or pages: pictures go in, in the order of their times, and what
a reviewer must look at comes out. What is missing or cannot be judged is never quiet.
"""
