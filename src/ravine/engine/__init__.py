"""The native engine: its loader, and handles to what it holds."""
