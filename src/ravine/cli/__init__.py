"""The command line: one file per command."""

from ravine.ground.packages import needs

needs("The command line", "typer", "rich", "pandas", "narwhals", "pyarrow", "sklearn", "tomli_w")

from ravine.cli.app import main  # noqa: E402 - it imports what is asked for above

__all__ = ["main"]
