"""Training: a network, a recipe and rows become a model."""
