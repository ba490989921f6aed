# The page on Amplify Hosting; the Makefile includes this after infra/infra.mk, whose environment it uses.
deploy-frontend: $(INFRA)/.done ## the built page to Amplify Hosting: STAGE=dev|prod; without a stack ARGS="--api URL --media ORIGIN"
	@$(INFRA_BIN)/python -m infra.frontend deploy $(ARGS) $(STAGE)

destroy-frontend: $(INFRA)/.done ## delete a stage's page from Amplify Hosting, after a question: STAGE=dev|prod
	@$(INFRA_BIN)/python -m infra.frontend destroy $(ARGS) $(STAGE)

.PHONY: deploy-frontend destroy-frontend
