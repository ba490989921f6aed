# The page on Amplify Hosting; the Makefile includes this after infra/infra.mk, whose environment it runs in.
deploy-frontend: setup-infra ## the built page to Amplify Hosting: STAGE=dev|prod ARGS="--api URL --media ORIGIN" where no stack is
	@$(INFRA_BIN)/python -m infra.frontend deploy $(ARGS) $(STAGE)

destroy-frontend: setup-infra ## take a stage's page off Amplify Hosting, after a question: STAGE=dev|prod
	@$(INFRA_BIN)/python -m infra.frontend destroy $(ARGS) $(STAGE)

.PHONY: deploy-frontend destroy-frontend
