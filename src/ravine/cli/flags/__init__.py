"""Flags of the commands, and what they ask for."""
