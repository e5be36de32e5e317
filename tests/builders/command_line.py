"""The command line, in this process."""

from ravine.cli import main


def run(*words: object) -> int:
    return main([str(word) for word in words])
