"""Where the commands of a file run."""

import pytest


@pytest.fixture
def folder(trained, monkeypatch, capsys):
    """The folder of what a file has trained, as the current one; nothing is printed yet."""
    monkeypatch.chdir(trained)
    capsys.readouterr()
    return trained
