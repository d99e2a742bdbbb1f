# Everything here works from a clean clone with Go, git and make. Postgres, the
# linter and the programs of the interoperation tests are fetched or installed
# where that is possible; what had to be left out is said at the end of the run.

.DEFAULT_GOAL := help
SHELL := /usr/bin/env bash

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)

FUZZTIME  ?= 20s # for each fuzz function
BENCHTIME ?= 2s  # for each benchmark

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## start a development server on loopback: SQLite and keys in ./keywright-data
	go run ./cmd/keywright serve --dev

.PHONY: test
test: ## all tests with the race detector, on SQLite and Postgres
	@.ci/test

.PHONY: console
console: ## only the tests of the console, with and without a browser
	@PACKAGES=./admin/console/... .ci/test

.PHONY: screenshots
screenshots: ## the pictures in docs/images, made anew
	@KEYWRIGHT_PICTURES=$(CURDIR)/docs/images PACKAGES=./admin/console/consoletest .ci/test -run 'TestPictures$$'

.PHONY: check
check: ## format, vet, lint, go.mod, and all tests: what continuous integration runs
	@.ci/check

.PHONY: bench
bench: ## requests per second beside a bare handler, allocations and statements per request
	@.ci/bench $(BENCHTIME)

.PHONY: fuzz
fuzz: ## every fuzz function for FUZZTIME
	@.ci/fuzz $(FUZZTIME)

.PHONY: soak
soak: ## the long variants of the endurance tests, an hour or so
	@SOAK=1 .ci/test -timeout 3h -run 'Kill|Stopped|SIGTERM|Soak|Waiting|RevokedElsewhere|T28|ParallelRegenerates|Guess'

.PHONY: build
build: ## one static binary, bin/keywright
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o bin/keywright ./cmd/keywright
