# Two commands do everything on a machine with Python 3.11+ and make: `make demo` and `make test`.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 1

.DEFAULT_GOAL := help

.PHONY: help install databases demo test check bench fuzz mutants lint format types imports policies docs stubs lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(VENV)/.installed: requirements.lock pyproject.toml client/pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Comity needs Python 3.11 or newer (set PYTHON=…)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Comity needs Python 3.11 or newer (set PYTHON=…)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked dependencies into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e client -e .
	@$(BIN)/python -m compileall -q $(VENV)/lib >/dev/null || true  # where PYTHONDONTWRITEBYTECODE is set, every start would compile
	@touch $@

install: $(VENV)/.installed  ## create .venv with everything that is pinned

databases: $(VENV)/.installed  ## make sure that MariaDB is there (PostgreSQL comes with the dependencies)
	@bash tools/ensure-mariadb

demo: install databases  ## build the example city, ask its questions, show the answers
	@$(BIN)/comity demo

test: install databases  ## run all tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart=0

lint: install
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: install  ## format the code
	@$(BIN)/ruff check --fix-only --quiet . ; $(BIN)/ruff format .

types: install
	@$(BIN)/mypy client sql policies connectors audit agent gateway conformance benchmarks examples

imports: install
	@$(BIN)/lint-imports

policies: install
	@$(BIN)/comity policy check examples/city && $(BIN)/comity policy test examples/city

check: lint types imports policies test  ## everything that CI runs

bench: install databases  ## the small set of benchmarks
	@$(BIN)/python -m benchmarks all --small

fuzz: install databases  ## random questions of random federations against the oracle, for MINUTES=1
	@$(BIN)/python -m tests.properties --minutes $(MINUTES)
	@$(BIN)/python -m tests.pushdown --minutes $(MINUTES)

mutants: install databases  ## take each protection away in a copy, and see that a test notices
	@$(BIN)/python -m tools.mutants

stubs: install  ## generate client/comity/v1 from protos
	@$(BIN)/python -m grpc_tools.protoc -I protos --python_out=client --pyi_out=client --grpc_python_out=client protos/comity/v1/*.proto

lock: install  ## resolve the dependencies again into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-package comity --no-emit-package comity-gateway --all-extras --group dev pyproject.toml client/pyproject.toml -o requirements.lock

clean:  ## remove what the targets made
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache build dist
