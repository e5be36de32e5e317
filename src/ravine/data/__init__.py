"""Data: X, y, weights, groups and times, checked once; and rows set aside."""
