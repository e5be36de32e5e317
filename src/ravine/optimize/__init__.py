"""Optimizers on functions: minimize, and surfaces to walk on."""
