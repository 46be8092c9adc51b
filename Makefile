# Every target builds what it needs first: the virtual environment in .venv, with this project and its tools, and the
# compiled kernels of the reference. Where they cannot be compiled, a notice says so and NumPy stands in.

PYTHON ?= python3
SUBMISSIONS ?= submissions
OUT ?= reports
VENV := .venv
# The graders that this one is compared with, in an environment of their own: they pin much.
PEERS := otter-grader==7.0.0 nbgrader==0.9.6 gradescope-utils==0.5.0 numpy
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
PEERS_READY := .venv-peers/.installed
DOCS_READY := $(VENV)/.docs-ready
# A file a worker, in the order that tests/conftest.py gives: what waits for processes first.
# Several tests run at once; threads of BLAS that wait for each other would take the processors from the others.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

# Where it is set, each of a thousand processes of the tests would compile the grader anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup grade test quick fixtures check-fixtures template check-template schema check-schema release audit attacks lint format bench bench-peers fuzz mutants notebooks train-figures docs docs-output pictures training-picture clean

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
	@# Where root grades, workers under another uid read this NumPy.
	umask 022 && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

grade: $(READY)  ## grade SUBMISSIONS (default: submissions) into OUT (default: reports)
	$(BIN)/grader grade $(SUBMISSIONS) --out $(OUT)

test: $(READY)  ## run all tests
	$(PYTEST)

quick: lint  ## lint, and the tests that start no process: no sandbox, no browser (less than a minute)
	$(PYTEST) -m "not process and not browser and not slow" --durations 5 --durations-min 1

fixtures: $(READY)  ## write the expected arrays, from the reference
	$(BIN)/grader fixtures

check-fixtures: $(READY)  ## see that the fixtures are what the reference gives
	$(BIN)/grader fixtures --check

template: $(READY)  ## write the students' package, from the reference
	$(BIN)/grader template

check-template: $(READY)  ## see that the students' package is what the reference gives
	$(BIN)/grader template --check

schema: $(READY)  ## write docs/result.schema.json, from the records
	$(BIN)/python docs/make_result_schema.py

check-schema: $(READY)  ## see that docs/result.schema.json is what the records give
	$(BIN)/python docs/make_result_schema.py --check

release: $(READY)  ## pack what students get into dist/student_template.zip
	$(BIN)/grader release

audit: $(READY)  ## see that grading tells right from wrong: every known mistake is caught and told (some minutes)
	$(BIN)/grader audit --durations 10

attacks: $(READY)  ## grade hostile submissions: none gains, reads, leaves or runs anything (as root and as a user, some minutes)
	$(BIN)/python -m tests.attacks.runner --every

lint: $(READY)  ## ruff, mypy and the walls between the folders of grader/
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## let ruff format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) $(PEERS_READY)  ## run all benchmarks and write bench/RESULTS.md (most of an hour, on an idle machine)
	$(BIN)/python -m bench.results

bench-peers: $(READY) $(PEERS_READY)  ## the same nine checks graded by otter-grader, nbgrader and gradescope-utils (some minutes)
	$(BIN)/python -m bench.peers

$(PEERS_READY):
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check $(PEERS)
	@touch $@

fuzz: $(READY)  ## a million spoiled frames against the wire format of judge and worker (some minutes)
	$(BIN)/python -m bench.fuzz_codec

mutants: $(READY)  ## see that the checks catch small mistakes in the reference's solutions, or that it is said why not
	$(BIN)/python -m bench.mutants

notebooks: $(READY)  ## run all notebooks, on CIFAR-10 where CIFAR10_DIR is; their figures against the documents' (minutes)
	$(BIN)/python -m bench.notebooks

train-figures: $(READY)  ## train what the course documents print the results of, on CIFAR-10 (some minutes)
	$(BIN)/python -m bench.train_figures

docs: $(DOCS_READY)  ## build the pages of docs/ into build/site; broken links and external assets fail
	$(BIN)/python -m docs.build_site

$(DOCS_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

docs-output: $(READY)  ## write into the pages what the commands that they show print now (a minute)
	$(BIN)/python -m docs.run_commands

pictures: $(READY)  ## make the pages' pictures of reports anew, with Chromium (a minute)
	$(BIN)/python -m docs.make_pictures

training-picture: $(READY)  ## make the picture of a training anew, on CIFAR-10 (some minutes)
	$(BIN)/python -m docs.make_training_picture

clean:  ## remove what was built or generated, but not reports
	rm -rf $(VENV) build dist reference/kernels.*.so *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
