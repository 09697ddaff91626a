# What a newcomer and CI run. Needs only make and CPython 3.11, 3.12 or 3.13 (PYTHON=… names one).

.DEFAULT_GOAL := help
.PHONY: help install install-dev browser demo test format lock screenshots clean
.PHONY: check check-format check-code check-types check-floors check-crashes bench torture year

# ARGS goes to the command as it stands: make test ARGS="-k invite", make demo ARGS="--help".
ARGS =
RUN = .venv/bin/python -m
FRESH_OPTION = $(if $(filter-out 0 no false,$(FRESH)),--fresh)
export PYTHON KILLS MESSAGES DB SEED QUICK AWAY_SECONDS

help:
	@echo "make demo         a municipality in miniature: phones in your browser, on this machine only"
	@echo "make demo FRESH=1 the same, started over"
	@echo "make install      make .venv with .venv/bin/taalbrug in it"
	@echo "make test         run the tests (ARGS=\"-k word\" chooses)"
	@echo "make check        what CI runs: format, ruff, mypy, import-linter and the tests"
	@echo "make torture      kill it hundreds of times, with faults, and count what is lost (KILLS, MESSAGES, DB)"
	@echo "make bench        measure it beside what it is compared with (QUICK=1: under three minutes)"
	@echo "make year         let an organisation live for a year, and count everything again"
	@echo "make format       put the code in its format, and mend what ruff can mend"
	@echo "make lock         choose the newest packages that pyproject.toml allows"
	@echo "make screenshots  make the pictures of the demo anew"
	@echo "make clean        remove .venv and the caches; conversations and data stay"

install:
	@sh tools/python.sh tools/install.py runtime

install-dev:
	@sh tools/python.sh tools/install.py dev

browser: install-dev
	@$(RUN) tools.ensure_browser

demo: install
	@.venv/bin/taalbrug demo $(FRESH_OPTION) $(ARGS)

test: browser
	@$(RUN) pytest --numprocesses auto --dist worksteal $(ARGS)

# In this order; with `make --keep-going check` a step that fails does not hide what the next one says.
check: check-format check-code check-types check-floors test check-crashes

check-format: install-dev
	@$(RUN) ruff format --check --quiet . || { echo "Not in format: run 'make format'."; exit 1; }

check-code: install-dev
	@$(RUN) ruff check .

check-types: install-dev
	@$(RUN) mypy

check-floors: install-dev
	@.venv/bin/lint-imports --no-logo

# The short form of `make torture`, whose result is not kept.
check-crashes: install-dev
	@QUICK=1 $(RUN) bench.torture

torture: install-dev
	@$(RUN) bench.torture

bench: install-dev
	@$(RUN) bench.run

year: install-dev
	@$(RUN) bench.year $(ARGS)

format: install-dev
	@$(RUN) ruff format --quiet .
	@$(RUN) ruff check --fix --quiet .

lock:
	@sh tools/python.sh tools/lock.py

screenshots: browser
	@$(RUN) tools.screenshots

clean:
	@rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
