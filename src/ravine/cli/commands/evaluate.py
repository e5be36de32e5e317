"""``ravine evaluate``: a saved model is compared with known targets."""

from __future__ import annotations

from ravine.cli.flags.options import JsonFlag
from ravine.cli.output import number, print_json, print_table, say
from ravine.cli.saved.opening import ModelArgument, NewMissingFlag, TableArgument, open_model
from ravine.cli.saved.running_scores import RunningScores
from ravine.cli.saved.scores import METRICS
from ravine.cli.streaming import stream_table

__all__ = ["command"]


def command(
    model: ModelArgument,
    table: TableArgument,
    on_new_missing: NewMissingFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a model's predictions with the known target of a table.

    TABLE needs the target's column besides those that the model was trained on; rows without a
    target are left out. Errors of a regression are in the target's own unit.

    [bold]Example[/bold]

    [cyan]ravine evaluate ravine-bikeshare/model.safetensors bikeshare.csv.gz[/cyan]
    """
    from ravine.errors import DataError
    from ravine.ground.text import plural

    found = open_model(model, on_new_missing)
    target, running, rows = found.target, RunningScores(found), 0
    with stream_table(table, found.schema, with_target=True) as chunks:
        for chunk in chunks:
            rows += len(chunk.frame)
            known = chunk.keep(chunk.frame[target.name].notna())
            if len(known.frame):
                with known.rows_of_the_file():
                    running.add(known.frame)
    if not running.rows:
        raise DataError(
            f"The target {target.name!r} is missing in every row.", hint="Check the target column."
        )
    if running.rows < rows:
        say(f"note: {plural(rows - running.rows, 'row')} without a {target.name!r} left out")
    scores = running.scores()
    if as_json:
        print_json({"target": target.name, "task": target.task, "rows": running.rows, **scores})
        return
    names = [name for name in METRICS if name in scores]
    print_table(
        f"{target.name} ({target.task})",
        ["", "rows", *(METRICS[name] for name in names)],
        [[table, f"{running.rows:,}", *(number(scores[name]) for name in names)]],
        note=f"In the unit of {target.name!r}." if target.task == "regression" else None,
    )
