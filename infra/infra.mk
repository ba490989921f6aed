# Checks, packages, deploys and deletes template.yaml; the Makefile includes this.
# aws-sam-cli and checkov do not resolve with the other packages, so they have an environment of their own.
INFRA := .venv-infra
INFRA_BIN := $(INFRA)/bin
STAGE ?= dev
# By default the one that notebook 01 deployed.
ENDPOINT ?= $(shell sed -n "s/^STORIES_ENDPOINT=['\"]\{0,1\}\([A-Za-z0-9-]\{1,63\}\)['\"]\{0,1\}$$/\1/p" .env 2>/dev/null)
# A model of Bedrock in the endpoint's place: its id, or its inference profile's (eu.amazon.nova-lite-v1:0).
BEDROCK ?=
GEOGRAPHY = $(filter us us-gov eu apac jp au ca global,$(firstword $(subst ., ,$(BEDROCK))))
WRITER = $(if $(BEDROCK),Writer=bedrock BedrockModel=$(patsubst $(GEOGRAPHY).%,%,$(BEDROCK)) \
  BedrockProfile=$(or $(GEOGRAPHY),none),Writer=sagemaker EndpointName=$(ENDPOINT))
ORIGIN ?=
WITH_BUCKET ?=
PROVIDER ?= create
# Deploys although the doctor says what is missing.
FORCE =
# `make deploy` has asked the doctor already.
EXAMINED =
# More of template.yaml's parameters: PARAMETERS='Auth=cognito AlarmEmail=…'. DEPLOY_ARGS is for sam itself.
PARAMETERS ?=
DEPLOY_ARGS ?=
# Validation needs a region's name, and calls no region.
SAM := env "PATH=$(CURDIR)/$(INFRA_BIN):$$PATH" SAM_CLI_TELEMETRY=0 $(INFRA_BIN)/sam
OFFLINE := env AWS_DEFAULT_REGION=eu-west-1 SAM_CLI_TELEMETRY=0
# Of the functions: template.yaml's default. Their wheel is chosen for it, whichever Python is here.
RUNTIME := $(shell sed -n '/^  PythonRuntime:/,/Default/s/.*Default: python//p' template.yaml)
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
	@$(QUIET) $(INFRA_BIN)/cfn-lint template.yaml infra/ci/role.yaml

lint-checkov:
	@$(QUIET) $(INFRA_BIN)/checkov -f template.yaml infra/ci/role.yaml --framework cloudformation --quiet --compact --skip-download

lint-ci:
	@$(QUIET) $(INFRA_BIN)/check-jsonschema --builtin-schema vendor.github-workflows infra/ci/deploy.yml infra/ci/deploy-stage.yml

package: build/lambda/requirements.txt ## the Lambda functions' package, built without Docker; its size and content
	@$(INFRA_BIN)/python infra/package/weigh.py build/lambda

# uv refuses a wheel that does not fit the functions' Python and processor, or the lock's hashes.
build/lambda/requirements.txt: template.yaml requirements-story.txt $(STAGED) | setup-infra
	@$(INFRA_BIN)/python infra/package/stage.py build/lambda
	@$(UV) pip install -q --target build/lambda --python-version $(RUNTIME) --python-platform aarch64-unknown-linux-gnu \
	  --only-binary :all: --no-deps --require-hashes -r build/lambda/requirements.txt
	@cd build/lambda && rm -rf bin share .lock
	@$(INFRA_BIN)/python infra/package/stage.py --prune build/lambda
	@touch $@

deploy: deployable package ## to your AWS account: STAGE=dev|prod, ENDPOINT=a-sagemaker-endpoint or BEDROCK=a-model, ORIGIN=https://the.page
	@$(MAKE) -f $(firstword $(MAKEFILE_LIST)) --no-print-directory deploy-built EXAMINED=yes
	@$(MAKE) -f $(firstword $(MAKEFILE_LIST)) --no-print-directory smoke

# Apart, so that a pipeline deploys the package to prod that dev ran.
deploy-built: deployable
	@$(SAM) deploy --config-file $(CURDIR)/samconfig.toml --config-env $(STAGE) --template-file template.yaml \
	  $(DEPLOY_ARGS) --parameter-overrides file://infra/stages/$(STAGE).yaml \
	  $(WRITER) $(if $(ORIGIN),"AllowedOrigin=$(ORIGIN)") $(PARAMETERS)

# Before anything is built: what is missing, in words.
deployable: setup-infra
	@test -f infra/stages/$(STAGE).yaml || { echo "STAGE is dev or prod, not '$(STAGE)'" >&2; exit 1; }
	@test -n "$(ENDPOINT)$(BEDROCK)" || { echo "Name what writes: make deploy STAGE=$(STAGE) ENDPOINT=a-sagemaker-endpoint," \
	  "or BEDROCK=eu.amazon.nova-lite-v1:0 (a model's id, or its inference profile's)" >&2; exit 1; }
	@test "$(STAGE)" != prod || test -n "$(ORIGIN)" || \
	  { echo "Name the page's origin: make deploy STAGE=prod ORIGIN=https://…" >&2; exit 1; }
	@test "$(STAGE)" != prod || test -n "$(findstring Auth=,$(PARAMETERS))" || \
	  { echo "Say who may ask for stories: make deploy STAGE=prod … PARAMETERS='Auth=key' (or iam, or cognito)" >&2; exit 1; }
	@$(INFRA_BIN)/python infra/stack.py caller
	@$(if $(EXAMINED),,$(INFRA_BIN)/python -m infra.preflight --stage $(STAGE) $(if $(FORCE),--force) \
	  $(if $(BEDROCK),--bedrock "$(BEDROCK)",--endpoint "$(ENDPOINT)") $(PARAMETERS))

# By a person with the rights to make roles, once for a stage; PROVIDER=existing where GitHub's provider is there already.
ci-role: setup-infra ## the pipeline's role: STAGE=dev|prod OWNER=… OWNER_ID=… REPOSITORY=… REPOSITORY_ID=… PROVIDER=create|existing
	@$(foreach name,OWNER OWNER_ID REPOSITORY REPOSITORY_ID,test -n "$($(name))" || { echo "Name $(name)=…: infra/ci/README.md says where it is" >&2; exit 1; };)
	@$(INFRA_BIN)/python infra/stack.py caller
	@$(SAM) deploy --template-file infra/ci/role.yaml --stack-name mvp-stories-ci-$(STAGE) --capabilities CAPABILITY_NAMED_IAM \
	  --no-fail-on-empty-changeset --tags "project=mvp-stories stage=$(STAGE)" --parameter-overrides Stage=$(STAGE) Owner=$(OWNER) \
	  OwnerId=$(OWNER_ID) Repository=$(REPOSITORY) RepositoryId=$(REPOSITORY_ID) Provider=$(PROVIDER)

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

.PHONY: setup-infra lint-infra lint-sam lint-cfn lint-checkov lint-ci package deploy deploy-built deployable ci-role smoke destroy lock-infra
