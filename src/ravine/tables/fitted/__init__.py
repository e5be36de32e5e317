"""Models with the schemas of their tables."""
