"""Optimizers on functions: minimize, and test surfaces."""
