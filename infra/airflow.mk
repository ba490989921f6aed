# The scheduled catalog; the Makefile includes this.
CATALOG ?= catalogs/bedtime.yaml
export STORY_CATALOG := $(value CATALOG)

catalog: $(VENV)/.all ## a whole catalog, by Airflow without a server: CATALOG=catalogs/bedtime.yaml PROFILE=embedded|draft|fake|aws ARGS=--dry-run
	@$(if $(filter fake aws,$(PROFILE)),:,$(BIN)/stories models fetch --profile "$$STORY_PROFILE")
	@$(BIN)/python dags/story_catalog_once.py --profile "$$STORY_PROFILE" $(ARGS) -- "$$STORY_CATALOG"

.PHONY: catalog
