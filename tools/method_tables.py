"""The tables of methods in the documents, from the docstrings of the kinds."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterable, Iterator

from ravine.specs.augmentation import AUGMENTATIONS
from ravine.specs.initializers import INITIALIZERS
from ravine.specs.layers import LAYERS
from ravine.specs.losses import LOSSES
from ravine.specs.optimizers import OPTIMIZERS, Optimizer
from ravine.specs.penalties import PENALTIES
from ravine.specs.schedules import SCHEDULES
from ravine.specs.spec import Family
from ravine.specs.stopping import STOPPINGS

#: What stands around a table in a document; the name says which.
BEGIN, END = "<!-- table of {}: written by tools/generate.py -->", "<!-- end of table -->"

_CODE = re.compile(r"``(.*?)``")
_SENTENCE = re.compile(r"(?<=[.])\s+(?=[A-ZΔα-ω`\d]|z is)")


def with_tables(text: str) -> str:
    """Give a document whose tables are those of the families."""
    for name, table in _tables().items():
        begin = BEGIN.format(name)
        if begin in text:
            before, _, rest = text.partition(begin)
            text = f"{before}{begin}\n{table}\n{END}{rest.partition(END)[2]}"
    return text


def _tables() -> dict[str, str]:
    def plain(*families: Family[object]) -> Iterator[list[str]]:
        for family in families:
            for kind in family.kinds.values():
                yield [f"`{kind.__name__}`", _what(kind), _source(kind)]

    def optimizers() -> Iterator[list[str]]:
        for kind in OPTIMIZERS.kinds.values():
            yield [_names(OPTIMIZERS, kind), _what(kind), _remarks(kind), _source(kind)]

    def losses() -> Iterator[list[str]]:
        for kind in LOSSES.kinds.values():
            yield [_names(LOSSES, kind), _what(kind, whole=True), _source(kind)]

    method = ("name", "what it does", "source")
    return {
        "optimizers": _table(("name", "update", "remarks", "source"), optimizers()),
        "schedules": _table(("name", "η(t)", "source"), plain(SCHEDULES)),
        "layers": _table(method, plain(LAYERS)),
        "initializers": _table(("name", "distribution", "source"), plain(INITIALIZERS)),
        "penalties": _table(("name", "penalty or rule", "source"), plain(PENALTIES, STOPPINGS)),
        "augmentation": _table(method, plain(AUGMENTATIONS)),
        "losses": _table(("name", "loss of a row, prediction", "source"), losses()),
    }


def _table(head: Iterable[str], rows: Iterable[list[str]]) -> str:
    head = list(head)
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


def _names(family: Family[object], kind: type) -> str:
    """Give the class, and the name that stands for it with its defaults."""
    short = [f'`"{name}"`' for name, spec in family.shorthands.items() if type(spec) is kind]
    return ", ".join([f"`{kind.__name__}`", *short])


def _remarks(kind: type[Optimizer]) -> str:
    """Say what follows from the traits of a rule."""
    said = {
        "full batches only": kind.full_batch,
        "sets its own rates": kind.adapts_rates,
        "no proximal penalty": not kind.has_one_rate,
        "no `clip_norm`": kind.evaluates,
    }
    return "; ".join(remark for remark, holds in said.items() if holds)


def _what(kind: type, *, whole: bool = False) -> str:
    """Give the part of a docstring that says what is computed: the first one that has a formula."""
    summary, *more = _paragraphs(kind)
    parts = [part for part in (summary, *more[:1]) if "=====" not in part]
    if whole:
        return _cell(_sentences(" ".join(parts)))
    for part in parts:
        sentences = _sentences(part)
        if any(map(_has_formula, sentences)):
            before = itertools.takewhile(lambda s: not _has_formula(s), sentences)
            first = len(list(before))
            formulas = itertools.takewhile(_has_formula, sentences[first:])
            return _cell([*sentences[:first], *formulas])
    return _cell(_sentences(summary))


def _has_formula(sentence: str) -> bool:
    return any(re.search("[ ²√‖|]", code) for code in _CODE.findall(sentence))


def _source(kind: type) -> str:
    found = re.search(r"References\n-+\n(.*?)(?=\n\n\w+\n---|\Z)", inspect.getdoc(kind) or "", re.S)
    return _cell(_sentences(found.group(1))[:1]) if found else ""


def _paragraphs(kind: type) -> list[str]:
    head = re.split(r"\n\n\w+\n---", inspect.getdoc(kind) or "")[0]
    return [" ".join(part.split()) for part in head.split("\n\n")]


def _sentences(text: str) -> list[str]:
    """Split a text; sentences that only say how a kind is called are left out."""
    found = _SENTENCE.split(" ".join(text.split()))
    return [sentence for sentence in found if not re.match("Names?:", sentence)]


def _cell(sentences: list[str]) -> str:
    text = " ".join(sentences).removesuffix(".")
    text = re.sub(r"`ravine\.(\w+)`", r"`\1`", text).replace("``", "`")
    return text.replace("|", r"\|")
