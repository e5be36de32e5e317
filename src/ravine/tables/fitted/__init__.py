"""Models with what they know of their tables."""
