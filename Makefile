# Each target makes what it needs: a fresh machine wants only Python (3.11 or newer) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL ?= llama-3.1-70b
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: plan test check-all lint format bench clean

plan: $(VENV)/.product
	$(BIN)/interlock plan --model $(MODEL) --workload chat --ttft 1s --tpot 50ms --objective cost

test: $(VENV)/.developer lint
	$(BIN)/python -m pytest -m "not slow"

check-all: $(VENV)/.developer lint
	$(BIN)/python -m pytest

lint: $(VENV)/.developer
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

format: $(VENV)/.developer
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

bench: $(VENV)/.developer
	$(BIN)/python benchmarks/search_speed.py

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) install "pip>=25.1"  # older ones do not know --group

$(VENV)/.product: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.developer: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable ".[html]" --group test
	@touch $@ $(VENV)/.product
