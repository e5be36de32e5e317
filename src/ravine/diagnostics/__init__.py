"""Diagnostics: checks of training and of its results."""
