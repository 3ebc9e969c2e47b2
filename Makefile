# Two commands do all the set-up: `make fit` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: fit demo help test test-fast test-lowest test-newest coverage lint types wheel reports bench validation lock clean

fit: $(VENV)/.installed ## install and answer the main question on bundled data
	$(BIN)/analyze fit --factor typology

demo: $(VENV)/.trains ## install the runner and train a small sweep: one intermediate task, 3 seeds, 29 languages
	$(BIN)/runner run docs/demo.yaml --store demo
	$(BIN)/analyze fit --factor typology --data demo

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z][a-z -]*:.*## / { printf "  %-24s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A process a core, each with one thread; files stay whole, so that what a module prepares is prepared once.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(or $(JOBS),auto) --dist loadfile

test: $(VENV)/.tested ## install everything and run the tests
	$(PYTEST)

test-fast: $(VENV)/.tested ## the tests that take no longer than a second each: run these after every change
	$(PYTEST) -m 'not slow and not wheel and not reports'

coverage: $(VENV)/.tested ## run the tests and print which share of the lines they execute, by file
	$(PYTEST) --cov --cov-report=term:skip-covered

lint: $(VENV)/.tested ## style, layers of imports, and the drawing of the imports without circles
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/imports.py

types: $(VENV)/.tested ## check types (mypy, strict)
	$(BIN)/mypy

wheel: $(VENV)/.tested ## build the wheel and use it away from the checkout
	$(BIN)/python -m pytest -m wheel

reports: $(VENV)/.tested ## execute every report on the bundled data
	$(BIN)/python -m pytest -m reports

bench: $(VENV)/.tested ## side by side with the other engines that are installed (tens of minutes)
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/bootstrap.py
	$(BIN)/python benchmarks/records.py --engines
	$(BIN)/python benchmarks/large.py
	$(BIN)/python benchmarks/floor.py
	$(BIN)/python benchmarks/command.py
	$(BIN)/python benchmarks/elimination.py
	$(BIN)/python benchmarks/threads.py
	$(BIN)/python benchmarks/typology.py
	$(BIN)/python benchmarks/multiverse.py
	$(BIN)/python benchmarks/training.py

# Data first: the other scripts read what make_data writes.
REFERENCES := formulas/reference lme4/make_data lme4/reference lme4/insteval lme4/nested lme4/modes lme4/profile lme4/profile_designs lme4/random_designs \
  lme4/bootmer lme4/inference metafor/reference metafor/meta metafor/estimators peers/metafor peers/mixed \
  multiverse/reference power/reference scale/reference predict/reference dispersion/reference
R_PACKAGES := clubSandwich glmmTMB jsonlite lme4 lmerTest metadat metafor nlme pbkrtest
R_HINT := Debian: apt install r-base-core r-cran-clubsandwich r-cran-glmmtmb r-cran-jsonlite r-cran-lme4 r-cran-lmertest r-cran-metadat \
  r-cran-metafor r-cran-nlme r-cran-pbkrtest

validation: $(VENV)/.installed ## rerun R for every external number and print the agreement with it
	@command -v Rscript > /dev/null || { echo "Rscript is not installed. $(R_HINT)"; exit 1; }
	@Rscript -e 'lacking <- setdiff(commandArgs(TRUE), rownames(installed.packages()))' \
	  -e 'if (length(lacking)) { cat("R has no package", lacking, "\n"); quit(status = 1) }' $(R_PACKAGES) \
	  || { echo "$(R_HINT)"; exit 1; }
	@set -e; for name in $(REFERENCES); do echo "validation/$$name.R"; Rscript validation/$$name.R; done
	@$(BIN)/python validation/peers/agreement.py

clean: ## remove the environment
	rm -rf $(VENV)

# Every package that is installed here has the version of the lock file, so that no release elsewhere changes a result.
# The lock constrains and does not demand: CUDA's packages come only where the torch that is taken asks for them.
# What builds packages is locked too (hatchling and editables this one, setuptools-scm those that come as source):
# --no-build-isolation takes it from the environment.
LOCK := requirements.lock
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(LOCK)
EDITABLE := $(INSTALL) --no-build-isolation --editable

$(VENV)/.installed: pyproject.toml $(LOCK)
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) hatchling editables setuptools-scm
	$(EDITABLE) .
	touch $@

$(VENV)/.trains: $(VENV)/.installed
	$(EDITABLE) '.[runner]'
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(EDITABLE) '.[dev]'
	touch $@

# What pyproject.toml allows, tried at its ends; HOLD=torch keeps a package at the lock's release.
test-lowest test-newest: test-%: $(VENV)/.tested ## run the tests with the lowest or the newest releases allowed, and report what differs
	$(BIN)/python tools/try_versions.py $* $(addprefix --hold ,$(HOLD))

# torch 2.13.0 has a CPU build for Python 3.11; a bare `torch` brings several GB of CUDA packages.
lock: $(VENV)/.tested ## take the newest versions of all packages that pyproject.toml allows; then run the tests
	echo 'torch==2.13.0' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
	  --constraints - --extra dev --custom-compile-command 'make lock' --output-file $(LOCK) pyproject.toml
