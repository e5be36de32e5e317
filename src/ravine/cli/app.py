"""The entry point: the commands, and how errors are shown."""

from __future__ import annotations

import contextlib
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from ravine.cli.commands import (
    bias_variance,
    check_gradients,
    compare,
    demo,
    describe,
    evaluate,
    predict,
    runs,
    study,
    train,
)
from ravine.cli.output import say
from ravine.errors import RavineError
from ravine.ground.files import file_error

__all__ = ["app", "main"]

GOOD, OUR_FAULT, USERS_FAULT, INTERRUPTED = 0, 1, 2, 130


def _flowing(text: str | None) -> str:
    """Join the lines of each paragraph, so that the help is as wide as the terminal."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module, name in (
    (demo, "demo"),
    (train, "train"),
    (predict, "predict"),
    (evaluate, "evaluate"),
    (describe, "describe"),
    (check_gradients, "check-gradients"),
    (bias_variance, "bias-variance"),
    (compare, "compare"),
    (study, "study"),
    (runs, "runs"),
):
    app.command(name, help=_flowing(module.command.__doc__))(module.command)


def _show_version(wanted: bool) -> None:
    if wanted:
        import ravine

        print(f"ravine {ravine.__version__}")  # noqa: T201 - this is the command's result
        raise typer.Exit


_HELP = """
Train feed-forward neural networks on tables.

Start with [bold]ravine demo[/bold], or with your own table:

[cyan]ravine train TABLE --target COLUMN[/cyan]

Results go to standard output (as JSON with --json), messages to standard error.
Exit codes: 0 success; 2 a mistake in what was given; 1 an error in ravine itself; 130
interrupted.
"""


@app.callback(invoke_without_command=True, help=_flowing(_HELP))
def ravine(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar=" ",
            callback=_show_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Show the help when no command is given."""
    if context.invoked_subcommand is None:
        print(context.get_help())  # noqa: T201 - this is the command's result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``ravine``; ``None`` takes those of the process.

    Returns
    -------
    int
        The exit code: 0 success, 2 the user's mistake, 1 an error in ravine, 130 interrupted.

    Examples
    --------
    >>> main(["predict", "nowhere.safetensors", "table.csv"])
    2
    """
    if arguments is None:
        arguments = sys.argv[1:]
        if hasattr(signal, "SIGPIPE"):  # end quietly if the reader of a pipe has closed it
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    arguments = list(arguments)
    try:
        code = app(arguments, prog_name="ravine", standalone_mode=False)
        sys.stdout.flush()  # here, so that a full disk is reported
    except RavineError as error:
        return _report(str(error), error.hint)
    except OSError as error:
        if error.filename is not None:
            return _report_unexpected(error, arguments)
        _abandon_stdout()
        full = file_error("standard output", "write", error)
        return _report(str(full), full.hint)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        return _report_unexpected(error, arguments)
    if code == INTERRUPTED:
        say("interrupted")
    return code if isinstance(code, int) else GOOD


def _abandon_stdout() -> None:
    """Prevent further writing to a standard output that failed, also at exit."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def _report(message: str, hint: str | None) -> int:
    say(f"error: {' '.join(message.split())}", style="bold red", word=6)
    if hint:
        say(f"hint: {' '.join(hint.split())}", style="bold", word=5)
    _trace()
    return USERS_FAULT


def _report_unexpected(error: Exception, arguments: Sequence[str]) -> int:
    """Tell a mistake in the command's words from one in ravine."""
    describe_usage = getattr(error, "format_message", None)
    if describe_usage is not None:
        command = next((word for word in arguments if not word.startswith("-")), "")
        known = command in {info.name for info in app.registered_commands}
        return _report(describe_usage(), f"ravine {command + ' ' if known else ''}--help")
    if isinstance(error, MemoryError):
        return _report("There is not enough memory.", "Use fewer rows or a smaller network.")
    what = " ".join(str(error).split())
    say(
        f"error: this is a fault in ravine itself: {type(error).__name__}: {what}",
        style="bold red",
        word=6,
    )
    say("hint: set RAVINE_TRACEBACK=1 to see where, and report it, please", style="bold", word=5)
    _trace()
    return OUR_FAULT


def _trace() -> None:
    if os.environ.get("RAVINE_TRACEBACK", "0") not in ("", "0"):
        traceback.print_exc()
