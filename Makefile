# `make demo` and `make test` are all that a newcomer needs; both work from a fresh clone.

SHELL := bash
.SHELLFLAGS := -o pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find cpp src examples/data -type f -not -name '*.so' -not -path '*/__pycache__/*') \
	pyproject.toml CMakeLists.txt README.md
CPP := $(shell find cpp -name '*.hpp' -o -name '*.cpp')
LEVELS ?=

.PHONY: demo test proofs lint format stubs generated develop wheel wheel-test engine-tests engine-test conformance benchmark guard guard-update clean

demo: $(VENV)/installed
	$(BIN)/ravine demo

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -n auto --dist loadfile # a file's tests share what they have fitted

# The proofs of statistical claims, and of what files withstand, whole: with all their repeats, and their figures
# printed. `make test` runs a short version of each.
proofs: $(VENV)/installed-test
	RAVINE_PROOFS=long $(BIN)/python -m pytest tests/proofs -n auto -rP --no-header

# What continuous integration checks besides the tests.
lint: $(VENV)/installed-lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/clang-format --dry-run -Werror $(CPP)
	$(BIN)/mypy
	$(BIN)/python cpp/bindings/make_stubs.py --check
	$(BIN)/python tools/generate.py --check

format: $(VENV)/installed-lint
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(CPP)

# Write the signatures of the native module anew, after a change of the bindings.
stubs: $(VENV)/installed-lint
	$(BIN)/python cpp/bindings/make_stubs.py

# Write the files that follow from the code anew, after a change of public names.
generated: $(VENV)/installed-lint
	$(BIN)/python tools/generate.py

# The engine's own tests: at each instruction level that this processor runs; under AddressSanitizer and
# UndefinedBehaviourSanitizer; and what threads share under ThreadSanitizer. They need doctest (on Debian, the
# package doctest-dev).
SANITIZE := -O1 -g -fno-omit-frame-pointer
engine-tests: $(VENV)/installed-engine-tests
	for level in $$($(BIN)/python -c 'from ravine.engine._engine import _levels; print(*_levels())'); do \
		$(MAKE) engine-test NAME=$$level FLAGS="-O2 $$(test $$level = base || echo -march=x86-64-$$level)" || exit 1; \
	done
	$(MAKE) engine-test NAME=memory FLAGS="$(SANITIZE) -fsanitize=address,undefined -fno-sanitize-recover=all"
	$(MAKE) engine-test NAME=threads FLAGS="$(SANITIZE) -fsanitize=thread" TESTS='*test_team*,*test_training*'

# One build of them: NAME is its folder, FLAGS the compiler's, TESTS the files whose tests run.
TESTS := *
engine-test:
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/engine-tests/$(NAME) -G Ninja -DRAVINE_TESTS=ON \
		-DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS="$(FLAGS)" \
		-DRAVINE_BLAS="$$($(BIN)/python -c 'from ravine.engine._engine import _blas_library as f; print(f())')"
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/engine-tests/$(NAME)
	build/engine-tests/$(NAME)/engine_tests --source-file='$(TESTS)'

# Against PyTorch itself: the stored numbers are what it gives, and so are gradients of random networks.
conformance: $(VENV)/installed-conformance
	$(BIN)/python -m pytest tests/conformance/with_torch

# Against JAX, PyTorch and scikit-learn; about ten minutes, on a machine that does nothing else.
benchmark: $(VENV)/installed-benchmarks
	$(BIN)/python -m benchmarks.speed.peers
	$(BIN)/python -m benchmarks.speed.curves
	$(BIN)/python -m benchmarks.speed.costs
	$(BIN)/python -m benchmarks.speed.document

# Instructions of fixed trainings, against the stored ones. Needs valgrind.
GUARDED := build/guard/package
guard: $(GUARDED)
	PYTHONPATH=$(GUARDED) $(BIN)/python -m benchmarks.speed.guard

guard-update: $(GUARDED)
	PYTHONPATH=$(GUARDED) $(BIN)/python -m benchmarks.speed.guard --update

# The package with the engine of the level that the guard counts at, whatever this processor runs.
.PHONY: $(GUARDED)
$(GUARDED): $(VENV)/installed-engine-tests
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/guard -G Ninja \
		-DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python" -DRAVINE_LEVELS=v3
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/guard
	rm -rf $(GUARDED) && cmake --install build/guard --prefix $(GUARDED)
	cp -r src/ravine/. $(GUARDED)/ravine/ && rm -f $(GUARDED)/ravine/engine/*.so
	cmake --install build/guard --prefix $(GUARDED)

# For work on ravine: the engine is built in build/develop and copied beside the Python sources, which a .pth
# file puts on the path. LEVELS="v2;v3;v4" builds other instruction levels than that of this machine.
develop: $(VENV)/installed-lint $(VENV)/installed-test $(VENV)/installed-engine-tests
	$(BIN)/pip uninstall --quiet --yes ravine
	echo "$(CURDIR)/src" > $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/ravine-develop.pth
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake -S . -B build/develop -G Ninja \
		-DPython_EXECUTABLE="$(CURDIR)/$(BIN)/python" $(if $(LEVELS),-DRAVINE_LEVELS="$(LEVELS)")
	PATH="$(CURDIR)/$(BIN):$$PATH" cmake --build build/develop
	rm -f src/ravine/engine/*.so # a process that has one loaded keeps it whole
	cp build/develop/*.so src/ravine/engine/

# Wheels of this system for those who have no compiler, in dist: one for Python 3.11, one for all later versions.
# PYTHONS are the interpreters that build and try them; what is not on the PATH is named and passed over.
PYTHONS ?= python3.11 python3.12 python3.13
wheel: $(VENV)/installed-release
	rm -rf dist
	$(BIN)/python tools/make_wheels.py $(PYTHONS)

# Both wheels in empty environments without a compiler, the demo at each instruction level; the source
# distribution away from the checkout; and what cibuildwheel would build elsewhere.
wheel-test: wheel $(VENV)/installed-test
	PYTHONS="$(PYTHONS)" $(BIN)/python -m pytest tests/installation -rP --no-header

# The package as users get it: built as a wheel and installed, never run from the sources.
$(VENV)/installed: $(SOURCES) | $(BIN)/python
	@echo "Installing ravine into $(VENV): what it needs, then its engine, which is compiled here."
	@mkdir -p build
	@$(BIN)/pip install --progress-bar off --verbose '.[plots]' 2>&1 | tee build/install.log | \
		grep --line-buffered -oE '^(Collecting [A-Za-z0-9_-]+| *\[[0-9]+/[0-9]+\] [A-Z][a-z]+ [A-Za-z]+)' \
		|| (tail -n 60 build/install.log; exit 1)
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/pip install --quiet 'ravine[test]' # what it needs beyond the package, which is there
	@touch $@

$(VENV)/installed-lint: $(VENV)/installed
	$(BIN)/pip install --quiet 'ravine[test,lint]'
	@touch $@

$(VENV)/installed-engine-tests: $(VENV)/installed
	$(BIN)/pip install --quiet 'cmake>=3.26' ninja nanobind
	@touch $@

$(VENV)/installed-release: $(VENV)/installed
	$(BIN)/pip install --quiet 'ravine[release]'
	@touch $@

$(VENV)/installed-conformance: $(VENV)/installed-test
	$(BIN)/pip install --quiet torch==2.13.0
	@touch $@

$(VENV)/installed-benchmarks: $(VENV)/installed
	$(BIN)/pip install --quiet 'ravine[benchmarks]'
	@touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf build dist $(VENV) src/ravine/engine/*.so
