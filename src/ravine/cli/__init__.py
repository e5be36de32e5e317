"""The command line: one file a command."""

from ravine.cli.app import main

__all__ = ["main"]
