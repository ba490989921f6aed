# The scheduled catalog; the Makefile includes this.
CATALOG ?= catalogs/bedtime.yaml
export STORY_CATALOG := $(value CATALOG)
EXECUTOR ?= local
WORKERS ?= 2

catalog: setup ## a whole catalog, without a scheduler: CATALOG=catalogs/bedtime.yaml PROFILE=embedded ARGS="--budget 20"
	@$(BIN)/stories catalog run --publish --profile "$$STORY_PROFILE" $(ARGS) -- "$$STORY_CATALOG"

airflow: setup ## a whole local Airflow until Ctrl-C: DB=sqlite|postgres EXECUTOR=local|celery PROFILE=embedded|draft|fake|aws
	@$(BIN)/python -m infra.airflow --executor $(EXECUTOR) --workers $(WORKERS) $(if $(DB),--db $(DB)) --profile "$$STORY_PROFILE" $(ARGS)

# RUNLEVEL=1: Debian starts no server of its own; make airflow starts and ends them on ports of their own.
airflow-services: ## Debian's PostgreSQL and Redis, for DB=postgres and EXECUTOR=celery (asks for root)
	@$(if $(filter 0,$(shell id -u)),,sudo) env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql redis-server

# MWAA runs Python 3.12. The test's two environments take 800 MB each, and stay.
MWAA_PYTHON ?= python3.12

test-mwaa: setup ## the DAGs under MWAA's Airflow 3.2.1 and 3.3.1, by its images' constraints: MWAA_PYTHON=python3.12 ARGS=3.3.1
	@$(BIN)/python -m infra.mwaa --python $(MWAA_PYTHON) $(ARGS)

.PHONY: catalog airflow airflow-services test-mwaa
