"""keiryo: nuclear material accountancy, exact and provable."""
