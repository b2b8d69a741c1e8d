# `make help` lists what there is. Two commands matter: `make run` and `make test`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

VENV     := .venv
BIN      := $(VENV)/bin
PY       := $(BIN)/python
CHROMIUM := /usr/bin/chromium
HOST     ?= 127.0.0.1
PORT     ?= 8501
PIP      := $(PY) -m pip install --quiet --disable-pip-version-check --no-input

# A venv that cannot run pip (half-made, moved, its Python gone) is made anew. The first Python of
# at least 3.11 that can make one is taken; PYTHON=/path/to/python3 goes first.
define ENSURE_VENV
if $(PY) -m pip --version >/dev/null 2>&1; then exit 0; fi
new_enough() { "$$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
can_venv() { "$$1" -I -c 'import ensurepip, venv' >/dev/null 2>&1; }
found=''; ready=''
for candidate in $${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
  new_enough "$$candidate" || continue
  found=$${found:-$$candidate}
  if can_venv "$$candidate"; then ready=$$candidate; break; fi
done
if [ -z "$$found" ]; then
  echo "Python 3.11 or newer is needed; 'python3' here is: $$(python3 --version 2>&1 || true)" >&2
  echo "Install one (Debian: apt-get install python3 python3-venv), or: make setup PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if [ -z "$$ready" ]; then
  package=$$("$$found" -I -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing $$package: this Python cannot make virtual environments without it."
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$$package" >/dev/null
  fi
  if ! can_venv "$$found"; then
    echo "$$found cannot make virtual environments. On Debian: sudo apt-get install $$package" >&2
    exit 1
  fi
  ready=$$found
fi
echo "Making $(VENV) with $$("$$ready" --version)"
"$$ready" -I -m venv --clear $(VENV)
endef
export ENSURE_VENV

# LightGBM's wheel brings everything but the compiler's threads library.
define ENSURE_GOMP
if $(PY) -c 'import lightgbm' 2>/dev/null; then exit 0; fi
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing libgomp1: LightGBM needs it"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libgomp1 >/dev/null
else
  echo "LightGBM needs the library libgomp, without which it is left out of the first-year models." >&2
  echo "On Debian: sudo apt-get install libgomp1" >&2
fi
endef
export ENSURE_GOMP

define ENSURE_CHROMIUM
if [ -x $(CHROMIUM) ]; then exit 0; fi
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing chromium for the browser tests"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-liberation fonts-noto-color-emoji >/dev/null
fi
if [ ! -x $(CHROMIUM) ]; then
  echo "The browser tests need $(CHROMIUM). On Debian: sudo apt-get install chromium fonts-liberation" >&2
  exit 1
fi
endef
export ENSURE_CHROMIUM

.PHONY: help
help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.runtime  ## make .venv with what the product needs to run

$(VENV)/.runtime: requirements.txt
	@bash -euo pipefail -c "$$ENSURE_VENV"
	$(PIP) -r requirements.txt
	@bash -euo pipefail -c "$$ENSURE_GOMP"
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt
	@bash -euo pipefail -c "$$ENSURE_VENV"
	$(PIP) -r requirements-dev.txt
	@bash -euo pipefail -c "$$ENSURE_GOMP"
	@touch $(VENV)/.runtime $@

.PHONY: run
run: setup  ## start dashboard and API on http://localhost:8501 (HOST=… PORT=…)
	@$(PY) -m clv.samples.ready_made
	OPENBLAS_NUM_THREADS=1 $(PY) -m streamlit run server.py --server.address "$(HOST)" --server.port "$(PORT)"

.PHONY: test
# The tests start many processes, none of which should compile the package again.
test: lint  ## everything CI runs: lint, types, tests, real browser
	@bash -euo pipefail -c "$$ENSURE_CHROMIUM"
	env -u PYTHONDONTWRITEBYTECODE OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: $(VENV)/.dev  ## ruff (rules and format), mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy clv tools
	$(BIN)/lint-imports

.PHONY: docs
docs: $(VENV)/.dev  ## build the documentation site into build/site
	$(PY) -m mkdocs build --strict

.PHONY: bench
bench: setup  ## time the pipeline against lifetimes and a bare scan
	$(PY) -m benchmarks.pipeline

.PHONY: samples
samples: setup  ## write the sample files in data/ again (same seeds, same bytes)
	$(PY) -m tools.samples

.PHONY: clean
clean:  ## remove caches and build leftovers; keeps .venv and data/runs
	rm -rf build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/.work
	find . -name __pycache__ -not -path './$(VENV)/*' -type d -prune -exec rm -rf {} +
