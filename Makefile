# Each target first builds what it needs: the virtual environment in .venv, with this project and its tools, and the
# compiled kernels of the reference. If they cannot be compiled, setup.py says so and NumPy replaces them.

PYTHON ?= python3
ASSIGNMENT ?= assignment
SUBMISSIONS ?= submissions
OUT ?= reports
VENV := .venv
# The graders that `make bench-peers` compares with. They pin many versions, so they get an environment of their own.
PEERS := otter-grader==7.0.0 nbgrader==0.9.6 gradescope-utils==0.5.0 numpy
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
PEERS_READY := .venv-peers/.installed
SANITIZED := build/sanitized
DOCS_READY := $(VENV)/.docs-ready
# Each test worker takes a file at a time, in the order of tests/conftest.py: files that wait for processes come first.
# One BLAS thread: several tests run at once, and BLAS threads that wait for each other would keep the cores busy.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

# If this variable were set, each of the thousand processes that the tests start would compile the grader again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup grade test quick fixtures check-fixtures template check-template schema check-schema reference check-reference release audit attacks lint format bench bench-peers fuzz mutants sanitize notebooks train-figures docs docs-output pictures picture training-picture clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(READY)  ## build the virtual environment and the kernels

$(READY): $(INSTALLED) setup.py $(wildcard reference/kernels*.p* reference/direct*.h)
	@echo "compiling the kernels of the reference (half a minute)"
	@$(BIN)/python setup.py --quiet build_ext --inplace --force
	@touch $@

$(INSTALLED): pyproject.toml grader/__init__.py  # the version stands there
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and f"make: Python {v.major}.{v.minor} found, 3.11 or newer expected. Name one: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV) || { echo "make: $(PYTHON) has no venv. Debian, Ubuntu: apt install python3-venv" >&2; exit 1; }
	@# umask 022: if root grades, the workers run under another uid and must be able to read this NumPy.
	umask 022 && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

grade: $(READY)  ## grade SUBMISSIONS (default: submissions) into OUT (default: reports)
	$(BIN)/grader grade $(SUBMISSIONS) --assignment $(ASSIGNMENT) --out $(OUT)

test: $(READY)  ## run all tests
	$(PYTEST)

quick: lint  ## lint, and the tests that start no process: no sandbox, no browser (less than a minute)
	$(PYTEST) -m "not process and not browser and not slow" --durations 5 --durations-min 1

fixtures: $(READY)  ## generate the expected arrays from the reference
	$(BIN)/grader fixtures --assignment $(ASSIGNMENT)

check-fixtures: $(READY)  ## fail if the fixtures are out of date
	$(BIN)/grader fixtures --assignment $(ASSIGNMENT) --check

template: $(READY)  ## generate the students' package from the reference
	$(BIN)/grader template --assignment $(ASSIGNMENT)

check-template: $(READY)  ## fail if the students' package is out of date
	$(BIN)/grader template --assignment $(ASSIGNMENT) --check

schema: $(READY)  ## generate docs/result.schema.json from the records
	$(BIN)/python -m docs.make_result_schema

check-schema: $(READY)  ## fail if docs/result.schema.json is out of date
	$(BIN)/python -m docs.make_result_schema --check

reference: $(READY)  ## generate docs/reference.md: commands, keys, exit codes, statuses, the result's JSON
	$(BIN)/python -m docs.make_reference

check-reference: $(READY)  ## fail if docs/reference.md is out of date
	$(BIN)/python -m docs.make_reference --check

release: $(READY)  ## pack the zip for students, dist/student_template.zip
	$(BIN)/grader release --assignment $(ASSIGNMENT)

audit: $(READY)  ## test the grading: every known mistake loses its marks and gets its hint (some minutes)
	$(BIN)/grader audit --assignment $(ASSIGNMENT) --durations 10

attacks: $(READY)  ## grade hostile submissions, as root and as an ordinary user; each attack must fail (some minutes)
	$(BIN)/python -m tests.attacks.runner --every

lint: $(READY)  ## run ruff, mypy and the check of imports between the folders of grader/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) $(PEERS_READY)  ## run all benchmarks and write bench/RESULTS.md (most of an hour, on an idle machine)
	$(BIN)/python -m bench.results

bench-peers: $(READY) $(PEERS_READY)  ## compare with otter-grader, nbgrader and gradescope-utils on nine checks (some minutes)
	$(BIN)/python -m bench.peers

$(PEERS_READY):
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $(PEERS)
	@touch $@

fuzz: $(READY)  ## send a million malformed frames through the wire format of judge and worker (some minutes)
	$(BIN)/python -m bench.fuzz_codec

mutants: $(READY)  ## fail if the checks miss a small mistake in the reference that bench/mutants.toml does not explain
	$(BIN)/python -m bench.mutants

sanitize: $(READY)  ## run the tests of the kernels with AddressSanitizer, in a copy under build/ (minutes, most of them to compile)
	rm -rf $(SANITIZED) && mkdir -p $(SANITIZED)
	cp -r assignment bench grader reference tests pyproject.toml README.md setup.py $(SANITIZED)
	rm -f $(SANITIZED)/reference/kernels.*.so
	cd $(SANITIZED) && CFLAGS="-O2 -fsanitize=address" LDFLAGS="-fsanitize=address" $(CURDIR)/$(BIN)/python setup.py --quiet build_ext --inplace --force
	@# Without the kernels their tests would be skipped. NumPy and Python are not built for the check of leaks.
	cd $(SANITIZED) && ls reference/kernels.*.so && LD_PRELOAD=$$(gcc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 $(CURDIR)/$(BIN)/python -m pytest -p no:cacheprovider tests/reference/test_fast_layers.py tests/reference/test_blas_threads.py

notebooks: $(READY)  ## run all notebooks and compare their figures with the course documents; uses CIFAR-10 if CIFAR10_DIR is set (minutes)
	$(BIN)/python -m bench.notebooks

train-figures: $(READY)  ## repeat the trainings on CIFAR-10 whose results the course documents print (some minutes)
	$(BIN)/python -m bench.train_figures

docs: $(DOCS_READY)  ## build the pages of docs/ into build/site; broken links and external assets fail
	$(BIN)/python -m docs.build_site

$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

docs-output: $(READY)  ## write into the pages what the commands that they show print now (a minute)
	$(BIN)/python -m docs.run_commands

pictures: $(READY)  ## regenerate the pages' pictures of reports, with Chromium (a minute)
	$(BIN)/python -m docs.make_pictures

training-picture: $(READY)  ## regenerate the picture of a training, on CIFAR-10 (some minutes)
	$(BIN)/python -m docs.make_training_picture

clean:  ## remove everything that was built, but not reports
	rm -rf $(VENV) build dist reference/kernels.*.so *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
