"""The store of a study: a folder with one file a run, and an index that is only a cache."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ravine.errors import FileError
from ravine.ground.files import atomic_write, file_error, remove_leftovers
from ravine.studies.record import Record, read_header, read_record, write_record

__all__ = ["Store"]

_SUFFIX = ".run"
#: From so many new records on, the index is written anew.
_MANY = 64
#: What of a header only `Store.read` gives: the index leaves it out.
_LONG = ("network", "recipe", "columns")


class Store:
    """A folder of records.

    The records lie in its folder ``runs``, each named by its key. None is ever changed. Two stores
    are merged by copying the files of one into the other.

    Parameters
    ----------
    folder : str
        The folder; it is made when the first run is to be kept.

    Examples
    --------
    >>> Store("nowhere").headers()
    {}
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.runs = Path(folder, "runs")
        self.claims = Path(folder, "claims")
        self._index = Path(folder, "index.jsonl")
        self._known: dict[str, tuple[tuple[int, int], dict[str, Any]]] | None = None

    def prepare(self) -> None:
        """Make the folders, and find out whether they can be written to.

        Raises
        ------
        FileError
            If not: a read-only or a full disk, a file of that name, a folder of something else.
        """
        there = Path(self.folder)
        if there.is_dir() and not self.runs.is_dir() and any(there.iterdir()):
            raise FileError(
                f"The folder {self.folder!r} holds other files, and no runs of a study.",
                hint="Name an empty or a new folder.",
            )
        try:
            for folder in (self.runs, self.claims):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise file_error(self.folder, "write", cause) from cause
        for folder in (self.runs, self.claims, there):
            remove_leftovers(folder)
        with atomic_write(self.claims / ".probe") as temporary:
            temporary.write_bytes(b"\n")

    def headers(self) -> dict[str, dict[str, Any]]:
        """Give the header of each record by its key, without network, recipe and columns.

        Only files that the index does not know are read.

        Returns
        -------
        dict of str to dict
            In the order of keys.

        Raises
        ------
        FileError
            If a file cannot be read, or is damaged.
        """
        if self._known is None:
            self._known = self._read_index()
        found = self._listed()
        new = [name for name, stamp in found.items() if self._known.get(name, (None,))[0] != stamp]
        known = {name: self._known[name] for name in found if name in self._known}
        for name in new:
            header = read_header(self._content(name), self._said(name))
            short = {field: value for field, value in header.items() if field not in _LONG}
            known[name] = (found[name], short)
        gone = len(known) - len(new) < len(self._known)
        self._known = known
        if len(new) >= _MANY or (gone and len(known) >= _MANY):
            self._write_index()
        return {name.removesuffix(_SUFFIX): known[name][1] for name in sorted(known)}

    def read(self, key: str) -> Record:
        """Read a record with its columns.

        Raises
        ------
        FileError
            If it cannot be read, or is damaged.
        """
        name = key + _SUFFIX
        return read_record(self._content(name), self._said(name))

    def add(self, record: Record) -> None:
        """Write a record, whole or not at all; one that is there stays as it is.

        Raises
        ------
        FileError
            If it cannot be written.
        """
        path = self.runs / (record.key + _SUFFIX)
        if path.exists():
            return
        with atomic_write(path) as temporary:
            temporary.write_bytes(write_record(record))

    def __contains__(self, key: str) -> bool:
        return (self.runs / (key + _SUFFIX)).exists()

    def _said(self, name: str) -> str:
        return os.fspath(self.runs / name)

    def _content(self, name: str) -> bytes:
        try:
            return (self.runs / name).read_bytes()
        except OSError as cause:
            raise file_error(self._said(name), "read", cause) from cause

    def _listed(self) -> dict[str, tuple[int, int]]:
        """Give the size and the time of each record's file."""
        try:
            with os.scandir(self.runs) as entries:
                return {
                    entry.name: ((status := entry.stat()).st_size, status.st_mtime_ns)
                    for entry in entries
                    if entry.name.endswith(_SUFFIX) and not entry.name.startswith(".")
                }
        except FileNotFoundError:
            return {}
        except OSError as cause:
            raise file_error(self.folder, "read", cause) from cause

    def _read_index(self) -> dict[str, tuple[tuple[int, int], dict[str, Any]]]:
        """Read the cache; one that cannot be read is none."""
        try:
            lines = self._index.read_bytes().splitlines()
            rows = [json.loads(line) for line in lines]
            return {name: ((size, time), header) for name, size, time, header in rows}
        except (OSError, ValueError, TypeError):
            return {}

    def _write_index(self) -> None:
        """Write the cache; a store that cannot be written to is read without."""
        known: Mapping[str, tuple[tuple[int, int], dict[str, Any]]] = self._known or {}
        lines = (
            json.dumps([name, *stamp, header], separators=(",", ":"))
            for name, (stamp, header) in known.items()
        )
        with contextlib.suppress(FileError), atomic_write(self._index) as temporary:
            temporary.write_text("\n".join(lines), encoding="utf-8")
