# `make demo` and `make test` are all that a newcomer needs; both work from a fresh clone.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find cpp src examples/data -type f -not -name '*.so' -not -path '*/__pycache__/*') \
	pyproject.toml CMakeLists.txt

.PHONY: demo test lint format stubs develop engine-tests conformance clean

demo: $(VENV)/installed
	$(BIN)/ravine demo

test: $(VENV)/installed-test
	$(BIN)/python -m pytest

# The package as users get it: built as a wheel and installed, never run from the sources.
$(VENV)/installed: $(SOURCES) | $(BIN)/python
	$(BIN)/pip install --quiet .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install --quiet '.[test]'
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
