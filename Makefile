# `make demo` and `make test` do all set-up on a fresh Debian or Ubuntu; other machines: see README.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check bench pictures clean setup
.DEFAULT_GOAL := demo

demo: setup
	$(BIN)/dothi demo

test: setup check
	$(BIN)/python -m pytest

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/dothi bench

pictures: setup
	$(BIN)/python docs/pictures/take.py

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt .ci/setup
	.ci/setup $(PYTHON) $(VENV)
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache
