# mvp-stories: `make` prints the targets. Needs python3 (3.11 to 3.13) with venv, make and git; the rest installs itself.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SETUP ?= $(PYTHON) infra/setup.py

CONTEXT ?= a baby sphynx lost in an Egyptian pyramid
LOCALE ?= en
PROFILE ?= embedded
VARIANT ?= 0
ARGS ?=
BACKING ?= draft
# The idea goes through the environment, word for word: no shell and no second reading by make touches it.
export STORY_CONTEXT := $(value CONTEXT)
export STORY_LOCALE := $(value LOCALE)
export STORY_PROFILE := $(value PROFILE)
export STORY_VARIANT := $(value VARIANT)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

story: setup-story ## one story: CONTEXT="a shy snail" LOCALE=fr PROFILE=embedded|draft|fake VARIANT=0
	@$(BIN)/stories make --locale "$$STORY_LOCALE" --profile "$$STORY_PROFILE" --variant "$$STORY_VARIANT" $(ARGS) -- "$$STORY_CONTEXT"

setup: ## everything: AWS, Airflow, notebooks, tests
	@$(SETUP) all

# Bytecode is kept, whatever the caller's environment says: without it each worker, and each process that a test
# starts, compiles the same libraries again (collecting the tests takes 16 s of a core, and 6 s with it).
export PYTHONDONTWRITEBYTECODE :=

# Three workers on two cores: the browser's tests mostly wait for a sound to end. Files go out in the
# order of tests/conftest.py, the long ones first.
# A worker that dies is not replaced: its test would only be run again, and die again.
PYTEST_WORKERS := -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

test: setup ## the tests, with the draft profile's real engines (fetches 93 MB of weights once)
	@$(BIN)/stories models fetch --profile draft
	@$(BIN)/python -m pytest $(PYTEST_WORKERS) -m "not embedded and not aws_live"

# Folders without real engines, servers or a browser.
QUICK := $(wildcard $(addprefix tests/,story storage steps config batch api bench engines/contracts engines/test_fake.py test_lint_names.py))

test-quick: setup ## a minute of tests: no engines, no servers, no browser
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not embedded and not aws_live and not browser" --ignore tests/api/test_restart.py $(QUICK)

test-embedded: setup ## the tests of the default profile's engines too (fetches 1.2 GB of weights once)
	@$(BIN)/stories models fetch
	@$(BIN)/python -m pytest $(PYTEST_WORKERS) -m "not aws_live"

test-aws-live: setup ## the tests on your own AWS account (STORIES_ENDPOINT, STORIES_BUCKET): about 0.05 US$ and the endpoint's time
	@$(BIN)/stories doctor --profile aws
	@$(BIN)/python -m pytest -m aws_live

aws-local: setup ## a local AWS until Ctrl-C: BACKING=draft|embedded|fake; other shells: . ./.aws-local.env; for notebooks ARGS=--hostnames
	@$(BIN)/stories models fetch --profile $(BACKING)
	@$(BIN)/python -m infra.local_aws --backing $(BACKING) --env .aws-local.env $(ARGS)

# boto3 is in the whole set only.
serve: $(if $(filter aws,$(PROFILE)),setup,setup-story) ## the API (and the page) on 127.0.0.1:8000: PROFILE=embedded|draft|fake|aws ARGS="--port 8001"
	@$(MAKE) --no-print-directory frontend || echo "The page could not be built; the API runs without it" >&2
	@$(BIN)/stories serve --profile "$$STORY_PROFILE" $(ARGS)

openapi: setup ## infra/openapi.yaml anew, from the API's routes
	@$(BIN)/python infra/openapi.py

permissions: setup ## the table of docs/operations.md anew: every function run behind its role
	@$(BIN)/python -m infra.permissions

lint: setup lint-infra ## ruff, mypy --strict, names, import contracts, openapi.yaml, the template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python infra/lint_names.py
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python infra/openapi.py --check
	@$(BIN)/nbstripout --keep-id --verify notebooks/*.ipynb || { echo "Outputs of a notebook are not kept: make format takes them out" >&2; exit 1; }

format: setup ## ruff format and the fixes it is sure of; no outputs in notebooks
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/nbstripout --keep-id notebooks/*.ipynb

fuzz: setup ## 10,000 requests made from the OpenAPI document, at a server of its own: two minutes
	@$(BIN)/python -m tests.api.fuzz --requests 10000

bench-quick: setup ## the bench's main ratios, in minutes; tables and plots in bench/out
	@$(BIN)/stories models fetch
	@$(BIN)/python -m bench --quick

bench: setup ## the whole bench
	@$(BIN)/stories models fetch
	@$(BIN)/python -m bench

campaign: setup ## kills, power cuts, faults, damage, hostile callers: a quarter of an hour; ARGS=--long for hours, ARGS="--only damage"
	@$(BIN)/python -m bench.campaign $(ARGS)

lock: setup-uv ## resolve requirements*.in anew, as one, into the hashed locks
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --override requirements-override.txt requirements.in -o requirements.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --override requirements-override.txt -c requirements.txt requirements-story.in -o requirements-story.txt
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --override requirements-override.txt -c requirements.txt requirements-studio.in -o requirements-studio.txt

clean: ## remove the environment and caches; stories (out/) and weights stay
	rm -rf $(VENV) .venv-infra .venv-mwaa-* build frontend/dist frontend/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Environments: believed when their stamp fits and they work, else set up or mended, one make at a time (infra/setup.py).
setup-uv:
	@$(SETUP) uv

setup-story:
	@$(SETUP) story

.PHONY: help story serve openapi permissions fuzz setup setup-uv setup-story test test-quick test-embedded test-aws-live aws-local lint format bench bench-quick campaign lock clean

include infra/infra.mk
include infra/frontend.mk
include infra/page.mk
include infra/airflow.mk
include infra/notebooks.mk
