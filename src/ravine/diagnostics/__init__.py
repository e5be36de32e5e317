"""Diagnostics: how training goes, and what comes out of it."""
