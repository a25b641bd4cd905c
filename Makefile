# Two commands: `make run` to try it, `make test` to check it. Both set up whatever they need.

.DEFAULT_GOAL := help
.PHONY: help run test check browser bench shell manage lock messages diagrams clean

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
BOOTSTRAP = $(or $(PYTHON),$(error Python 3.11 or newer is needed, and none was found. \
	Install it (Debian: apt-get install python3 python3-venv) or name it: make run PYTHON=/path/to/python3)) \
	marketplace/launcher/bootstrap.py
VENV := .venv/bin/python
LAUNCHER := $(VENV) -m marketplace.launcher
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run: ## Start everything, with demonstration data (PORT, GBIZID_PORT; DEMO=0 for none); Ctrl-C stops it
	@$(BOOTSTRAP) requirements.txt
	@$(LAUNCHER) run

test: browser check ## Lint, types, unit, database and browser tests; installs what they need
	@$(VENV) manage.py messages --compile --settings marketplace.settings.test
	@$(VENV) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: ## Lint and types only
	@$(BOOTSTRAP) requirements-dev.txt
	@$(VENV) -m ruff check .
	@$(VENV) -m ruff format --check .
	@$(VENV) -m mypy

browser: ## Install Chromium and fonts for the browser tests, where we may
	@$(BOOTSTRAP) requirements-dev.txt
	@$(LAUNCHER) browser

bench: ## Measure search, import, evaluation and pages beside their baselines
	@$(BOOTSTRAP) requirements-dev.txt
	@$(LAUNCHER) exec $(VENV) manage.py prepare
	@$(LAUNCHER) exec $(VENV) manage.py bench $(ARGS)

shell: ## A Python shell with the models, on the database of `make run`
	@$(BOOTSTRAP) requirements.txt
	@$(LAUNCHER) exec $(VENV) manage.py shell

manage: ## Any command with its services up: make manage ARGS="verify_audit"
	@$(BOOTSTRAP) requirements.txt
	@$(LAUNCHER) exec $(VENV) manage.py $(ARGS)

messages: ## Collect the texts to translate into locale/ and compile them
	@$(BOOTSTRAP) requirements-dev.txt
	@$(VENV) manage.py messages --extract --compile

diagrams: ## Generate the state diagrams in docs/ from the code
	@$(BOOTSTRAP) requirements-dev.txt
	@$(VENV) manage.py state_diagrams

lock: ## Pin the newest versions the requirements allow (maintainers; needs uv)
	@for file in requirements requirements-dev; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --upgrade \
			$$file.in --output-file $$file.txt || exit 1; done

clean: ## Forget the environment and caches; the data in var/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results
