# Checks, packages, deploys and deletes template.yaml; the Makefile includes this.
# aws-sam-cli and checkov do not resolve with the other packages, so they have an environment of their own.
INFRA := .venv-infra
INFRA_BIN := $(INFRA)/bin
STAGE ?= dev
# By default the one that notebook 01 deployed.
ENDPOINT ?= $(shell sed -n "s/^STORIES_ENDPOINT=['\"]\{0,1\}\([A-Za-z0-9-]\{1,63\}\)['\"]\{0,1\}$$/\1/p" .env 2>/dev/null)
ORIGIN ?=
WITH_BUCKET ?=
# Deploys although the doctor says what is missing.
FORCE =
# `make deploy` has asked the doctor already.
EXAMINED =
# More of template.yaml's parameters: PARAMETERS='Auth=cognito AlarmEmail=…'. DEPLOY_ARGS is for sam itself.
PARAMETERS ?=
DEPLOY_ARGS ?=
# `sam build` finds python3.x on the PATH. Validation needs a region's name, and calls no region.
SAM := env "PATH=$(CURDIR)/$(INFRA_BIN):$$PATH" SAM_CLI_TELEMETRY=0 $(INFRA_BIN)/sam
OFFLINE := env AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0
# The functions run on the Python that built and tested them.
RUNTIME = PythonRuntime=$(shell $(INFRA_BIN)/python -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
STAGED := $(filter-out %.pyc,$(shell find pipeline infra/package -name __pycache__ -prune -o -type f -print))
# A check that passes has nothing to say.
QUIET = quiet() { output=$$("$$@" 2>&1) || { printf '%s\n' "$$output"; exit 1; }; }; quiet

setup-infra:
	@$(SETUP) infra

lint-infra: setup-infra ## the template and the pipeline definition: sam, cfn-lint, checkov, GitHub's schema; offline
	@$(MAKE) -f $(firstword $(MAKEFILE_LIST)) --no-print-directory -j 2 lint-sam lint-checkov lint-cfn lint-ci

lint-sam:
	@$(QUIET) $(OFFLINE) $(INFRA_BIN)/sam validate --lint

lint-cfn:
	@$(QUIET) $(INFRA_BIN)/cfn-lint template.yaml

lint-checkov:
	@$(QUIET) $(INFRA_BIN)/checkov -f template.yaml --framework cloudformation --quiet --compact --skip-download

lint-ci:
	@$(QUIET) $(INFRA_BIN)/check-jsonschema --builtin-schema vendor.github-workflows infra/ci/deploy.yml infra/ci/deploy-stage.yml

package: build/sam/template.yaml ## the Lambda functions' package, built without Docker; its size and content
	@$(INFRA_BIN)/python infra/package/weigh.py build/sam/MvpStoriesWorkflowTrigger

build/sam/template.yaml: template.yaml requirements-story.txt requirements-infra.txt infra/workflow.asl.yaml $(STAGED) | setup-infra
	@$(INFRA_BIN)/python infra/package/stage.py build/lambda
	@$(QUIET) $(OFFLINE) "PATH=$(CURDIR)/$(INFRA_BIN):$$PATH" $(INFRA_BIN)/sam build --build-dir build/sam --parameter-overrides $(RUNTIME)

deploy: deployable package ## to your AWS account: STAGE=dev|prod ENDPOINT=a-sagemaker-endpoint ORIGIN=https://the.page
	@$(MAKE) -f $(firstword $(MAKEFILE_LIST)) --no-print-directory deploy-built EXAMINED=yes
	@$(MAKE) -f $(firstword $(MAKEFILE_LIST)) --no-print-directory smoke

# Apart, so that a pipeline deploys the package to prod that dev ran.
deploy-built: deployable
	@$(SAM) deploy --config-file $(CURDIR)/samconfig.toml --config-env $(STAGE) --template-file build/sam/template.yaml \
	  $(DEPLOY_ARGS) --parameter-overrides file://infra/stages/$(STAGE).yaml $(RUNTIME) \
	  EndpointName=$(ENDPOINT) $(if $(ORIGIN),"AllowedOrigin=$(ORIGIN)") $(PARAMETERS)

# Before anything is built: what is missing, in words.
deployable: setup-infra
	@test -f infra/stages/$(STAGE).yaml || { echo "STAGE is dev or prod, not '$(STAGE)'" >&2; exit 1; }
	@test -n "$(ENDPOINT)" || { echo "Name the SageMaker endpoint that writes: make deploy STAGE=$(STAGE) ENDPOINT=…" >&2; exit 1; }
	@test "$(STAGE)" != prod || test -n "$(ORIGIN)" || \
	  { echo "Name the page's origin: make deploy STAGE=prod ENDPOINT=… ORIGIN=https://…" >&2; exit 1; }
	@$(INFRA_BIN)/python infra/stack.py caller
	@$(if $(EXAMINED),,$(INFRA_BIN)/python -m infra.preflight --stage $(STAGE) $(if $(FORCE),--force) \
	  $(if $(BEDROCK),--bedrock "$(BEDROCK)",--endpoint "$(ENDPOINT)") $(PARAMETERS))

# Not from the environment, where these names may mean something else. The key and the token go by it: `ps` shows arguments.
URL =
BUCKET =
KEY =
TOKEN =
smoke: export SMOKE_KEY = $(value KEY)
smoke: export SMOKE_TOKEN = $(value TOKEN)
smoke: setup-infra ## one story through a deployed API, heard and refused: STAGE=dev|prod, or URL=https://… BUCKET=…; KEY=… or TOKEN=…
	@$(INFRA_BIN)/python -m infra.smoke $(if $(URL),--url "$(URL)" --bucket "$(BUCKET)",--stage $(STAGE))

destroy: setup-infra ## take a stage's stack down, after a question; its bucket stays: STAGE=dev|prod
	@$(INFRA_BIN)/python infra/stack.py destroy $(if $(WITH_BUCKET),--with-bucket) $(STAGE)

lock-infra: setup-uv ## resolve requirements-infra.in anew into its hashed lock
	$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate requirements-infra.in -o requirements-infra.txt

.PHONY: setup-infra lint-infra lint-sam lint-cfn lint-checkov lint-ci package deploy deploy-built deployable smoke destroy lock-infra
