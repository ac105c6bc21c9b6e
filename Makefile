# Everything here works on a fresh machine with Python 3.11 and pip: the environment makes itself.
PYTHON ?= python3.11
VENV   := .venv
RUN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=

.PHONY: help demo test chaos check bench gallery wheel studio clean
help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# Reinstalled only when pyproject.toml changes: later starts take seconds.
$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or newer, or run make PYTHON=/path/to/python"; exit 2; }
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)  ## Drape the sample catalogue (or PRODUCTS=dir PERSONS=dir) through the whole served path
	$(RUN)/flixpose demo --out out/demo $(if $(PRODUCTS),--products "$(PRODUCTS)") $(if $(PERSONS),--persons "$(PERSONS)")

test: $(STAMP)  ## Run the whole test suite
	$(RUN)/flixpose models pull
	$(RUN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

chaos: $(STAMP)  ## The long fault tests: workers killed over 200 items, servers lost, disks full
	$(RUN)/python -m pytest tests/workers -m chaos $(ARGS)

check: $(STAMP)  ## Formatter, linter, types, import contracts
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: $(STAMP)  ## Measure; writes out/bench/bench.json
	$(RUN)/python -m tests.bench $(ARGS)

gallery: $(STAMP)  ## Contact sheets of the photos under FLIXPOSE_SHARED into out/gallery/
	$(RUN)/python -m flixpose.evaluation.gallery --out out/gallery $(ARGS)

wheel: $(STAMP)  ## Build the wheel into dist/
	$(RUN)/python -m build --wheel --outdir dist

studio: $(STAMP)  ## Add Blender, which renders people and scenes (its wheel asks for numpy 1, and runs with 2)
	$(RUN)/python -m pip install --quiet --no-deps 'bpy==4.5.15'

clean:  ## Remove the environment and everything written
	rm -rf $(VENV) out dist build
