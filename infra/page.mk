# Building and testing the page; the Makefile includes this. Node comes with the environment: nothing else is needed.
NPM := env "PATH=$(CURDIR)/$(BIN):$$PATH" npm --prefix frontend --no-audit --no-fund --loglevel=error

frontend: frontend/dist/index.html ## the page, built into frontend/dist (make serve shows it)

test-frontend: setup ## the page's own tests, and its scenes in a real browser (part of make test)
	@$(BIN)/python -m pytest -m browser tests/frontend

frontend/node_modules/.package-lock.json: frontend/package-lock.json frontend/package.json | setup-story
	@$(NPM) ci
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json infra/openapi.yaml \
  $(shell find frontend/src frontend/public -type f) $(wildcard frontend/*.ts frontend/*.html frontend/*.json)
	@$(NPM) run build

.PHONY: frontend test-frontend
