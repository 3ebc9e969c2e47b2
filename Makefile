# Two commands do all the set-up: `make fit` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: fit test lint types wheel bench clean

fit: $(VENV)/.installed ## install and answer the main question on bundled data
	$(BIN)/analyze fit --factor typology

test: $(VENV)/.tested ## install everything and run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested
	$(BIN)/mypy

wheel: $(VENV)/.tested ## build the wheel and use it away from the checkout
	$(BIN)/python -m pytest -m wheel

bench: $(VENV)/.tested ## side by side with the other engines that are installed (tens of minutes)
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/bootstrap.py
	$(BIN)/python benchmarks/large.py
	$(BIN)/python benchmarks/floor.py
	$(BIN)/python benchmarks/command.py
	$(BIN)/python benchmarks/elimination.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/typology.py

clean:
	rm -rf $(VENV)

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

# The runner's packages come too; the constraints file pins the torch build.
$(VENV)/.tested: $(VENV)/.installed pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[runner,test]'
	touch $@
