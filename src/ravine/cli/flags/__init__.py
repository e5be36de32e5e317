"""Flags of the commands, and their meaning."""
