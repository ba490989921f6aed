# The notebooks; the Makefile includes this.
NOTEBOOK ?=

notebooks: setup ## the notebooks head-less, small: executed copies and HTML in out/notebooks; PROFILE=embedded NOTEBOOK=02
	@$(if $(filter fake aws,$(PROFILE)),:,$(BIN)/stories models fetch --profile "$$STORY_PROFILE")
	@$(BIN)/python -m infra.notebooks --profile "$$STORY_PROFILE" $(ARGS) $(NOTEBOOK)

lab: setup ## JupyterLab, with the notebooks open to change
	@$(BIN)/jupyter lab --notebook-dir=notebooks $(ARGS)

studio: ## the notebooks' kernel "Stories", in an environment of its own: what SageMaker Studio runs
	@sh notebooks/studio.sh

.PHONY: notebooks lab studio
