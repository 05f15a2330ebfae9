# What one does with a working copy. `make help` lists it.
# Every target starts from a fresh clone: all it needs is make and Python 3.11 or newer.

PORT ?= 8000
SPEED ?= 10
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools
BENCH := $(VENV)/.bench
RIVALS := $(VENV)/rivals
COMPILE := $(PY) -m uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url $(ARGS)

# Nothing is connected to: what is looked at are settings.
ON_A_SERVER := DATABASE_URL=postgres://tradebot:x@127.0.0.1/tradebot BEHIND_HTTPS=1 ALLOWED_HOSTS=example.com \
  SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')

.DEFAULT_GOAL := help
.PHONY: run test check bench bench-ui mutants chaos api-fuzz rivals requirements clean help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

run: $(RUNTIME) ## trade on a simulated market, page on 127.0.0.1 (PORT=8000 SPEED=10 ARGS=)
	@exec $(PY) -m tradebot trade --feed simulator --symbol MES --mode paper --speed $(SPEED) --serve 127.0.0.1:$(PORT) $(ARGS)

test: $(TOOLS) ## run all tests, embedded and on PostgreSQL and Redis (ARGS= for pytest)
	@exec $(PY) -m tests $(ARGS)

# What the machine is configured for is not what is checked.
check: export ENV_FILE :=
check: export DATABASE_URL :=
check: export REDIS_URL :=
check: export DATA_DIR := $(VENV)/check
check: $(TOOLS) ## lint, format, types, layers, migrations, settings, security, shell scripts
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(PY) -m mypy engine marketdata trading backtests tradebot
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check
	@echo "manage.py check --deploy, configured as on a server"
	@$(ON_A_SERVER) $(PY) manage.py check --deploy --fail-level WARNING
	$(VENV)/bin/bandit --quiet --configfile pyproject.toml --recursive engine marketdata trading backtests tradebot deploy manage.py
	$(PY) -m tests.audit requirements.txt requirements-polygon.txt
	$(VENV)/bin/shellcheck deploy/install.sh deploy/tradebotctl .ci/install .ci/run

bench: rivals ## measure how fast the engine is (ARGS= for bench)
	@exec $(PY) -m bench $(ARGS)

bench-ui: $(TOOLS) ## measure how fast the live page is, in Chromium (ARGS= for bench-ui)
	@exec $(PY) -m tests.ui_bench $(ARGS)

mutants: $(TOOLS) ## break what handles money, bit by bit: do tests notice? (ARGS= modules)
	@exec $(PY) -m tests.mutants $(ARGS)

chaos: $(TOOLS) ## kill and starve the trading process at a local Rithmic: is anything lost? (ARGS=)
	@exec $(PY) -m tests.chaos $(ARGS)

api-fuzz: $(TOOLS) ## send the API what its schema allows and forbids, for minutes (ARGS= for pytest)
	@API_FUZZ_EXAMPLES=100 API_FUZZ_STEPS=20 API_FUZZ_SEED=random \
	  $(PY) -m pytest -q tests/tradebot/test_api_fuzz.py --show-capture=no $(ARGS)

rivals: $(BENCH) $(RIVALS)/.installed ## install what bench and tests compare us with

requirements: $(TOOLS) ## pin requirements*.in (ARGS=--upgrade for newer versions)
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-polygon.in -o requirements-polygon.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt
	$(COMPILE) requirements-bench.in -o requirements-bench.txt
	sed -n 's/^\(\(numba\|numpy\)==[^ ]*\).*/\1/p' requirements.txt | \
	  $(COMPILE) requirements-rivals.in -c - -o requirements-rivals.txt

clean: ## remove what make made; data/ stays
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage artefacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The pins are resolved for 3.11, so that one comes first. A command that exists may still not run
# (pyenv's shims), hence the try.
$(PY):
	@for python in python3.11 python3.12 python3.13 python3 python; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python -c 'import sys; print(sys.executable, sys.version.split()[0])')"; \
	    rm -rf $(VENV); \
	    $$python -m venv $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    echo "That needs Python's venv module; on Debian: apt-get install python3-venv" >&2; exit 1; \
	  fi; \
	done; \
	echo "tradebot needs Python 3.11 or newer, and none is on PATH. Install it and try again." >&2; exit 1

$(RUNTIME): requirements.txt | $(PY)
	@./.ci/install $(PY) requirements.txt
	@touch $@

$(TOOLS): requirements-dev.txt $(RUNTIME) | $(PY)
	@./.ci/install $(PY) requirements-dev.txt
	@touch $@

$(BENCH): requirements-bench.txt $(TOOLS) | $(PY)
	@./.ci/install $(PY) requirements-bench.txt
	@touch $@

# Of their own: they exclude versions that ours need.
$(RIVALS)/.installed: requirements-rivals.txt | $(PY)
	@rm -rf $(RIVALS)
	@$(PY) -m venv $(RIVALS)
	@./.ci/install $(RIVALS)/bin/python requirements-rivals.txt
	@touch $@
