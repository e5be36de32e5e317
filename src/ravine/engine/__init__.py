"""The native engine: its loader, and handles to its objects."""
