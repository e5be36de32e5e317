"""Training: what becomes of a network, a recipe and rows."""
