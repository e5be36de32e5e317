"""``ravine evaluate``: a saved model is compared with known targets."""

from __future__ import annotations

from ravine.cli.loading import ModelArgument, TableArgument, open_model, open_table
from ravine.cli.options import JsonFlag
from ravine.cli.output import number, print_json, print_table, say
from ravine.cli.scores import METRICS

__all__ = ["command"]


def command(model: ModelArgument, table: TableArgument, as_json: JsonFlag = False) -> None:
    """Compare a model's predictions with the known target of a table.

    TABLE needs the target's column besides those that the model was trained on; rows without a
    target are left out. A regression has loss, RMSE and R² (in the target's own unit), a
    classification loss and accuracy.

    [bold]Example[/bold]

    [cyan]ravine evaluate ravine-bikeshare/model.safetensors bikeshare.csv.gz[/cyan]
    """
    from ravine.tables import rows_with_target
    from ravine.tables.values import plural

    found = open_model(model)
    target = found.target
    frame = open_table(table, found.schema)
    known = rows_with_target(frame, target.name)
    if len(known) < len(frame):
        say(f"note: {plural(len(frame) - len(known), 'row')} without a {target.name!r} left out")
    scores = found.evaluate(known)
    if as_json:
        print_json({"target": target.name, "task": target.task, "rows": len(known), **scores})
        return
    names = [name for name in METRICS if name in scores]
    print_table(
        f"{target.name} ({target.task})",
        ["", "rows", *(METRICS[name] for name in names)],
        [[table, f"{len(known):,}", *(number(scores[name]) for name in names)]],
        note=f"In the unit of {target.name!r}." if target.task == "regression" else None,
    )
