# Needs Go, Node.js (20 or newer) and GNU make. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
ifneq ($(MAKECMDGOALS),test-go test-e2e)
.NOTPARALLEL:
endif

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
E2E := test/e2e
SOAK_TIME ?= 4m

# Without it gRPC, of which only the names of OTLP's messages are needed, brings a page of its own and a template engine for it.
TAGS := grpcnotrace

# The race detector needs a C compiler with its headers. It brings checks of pointers (checkptr), which are off for SQLite: that is C,
# translated, all of its memory is raw, and the checks would take most of the tests' time.
RACE := $(shell echo '\#include <stdlib.h>' | $$(go env CC) -E - >/dev/null 2>&1 && echo -race '-gcflags=modernc.org/...=-d=checkptr=0')

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## build and start the server (development mode unless AUTH_DEV_MODE says otherwise)
	@AUTH_DEV_MODE="$${AUTH_DEV_MODE:-true}" exec bin/hexauth serve

.PHONY: build
build: ## build bin/hexauth, a static binary
	CGO_ENABLED=0 go build -tags $(TAGS) -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)" -o bin/hexauth ./cmd/hexauth

.PHONY: test
test: check build bin/pgrun postgresql redis chromium $(E2E)/node_modules/.package-lock.json ## run every test, PostgreSQL and the JavaScript client included
	bin/pgrun -- $(MAKE) --no-print-directory -k -j2 test-go test-e2e

# Packages under test/ spend much of their time waiting, so they begin first and the others fill the gaps. `check` has vetted all,
# with the flags of the tests, so that nothing is compiled for that alone.
.PHONY: test-go
test-go:
	@[ -n "$(RACE)" ] || echo "no C compiler found: the tests run without -race (apt-get install gcc libc6-dev)"
	go test $(RACE) -vet=off -timeout 15m ./test/... ./...

# What it prints comes at its end in one piece, because test-go prints meanwhile.
.PHONY: test-e2e
test-e2e:
	@echo "the tests of $(E2E) run beside those in Go"
	@cd $(E2E) && node --test --test-concurrency=3 --test-reporter=spec >../../bin/e2e.log 2>&1 || failed=$$?; \
	cat ../../bin/e2e.log; exit $${failed:-0}

.PHONY: bench
bench: build postgresql ## measure against the budgets and print a table
	go run ./test/bench

.PHONY: fuzz
fuzz: bin/pgrun postgresql ## try inputs on every parser, FUZZ_TIME (10m) each; FUZZ_ONLY chooses some
	bin/pgrun -- go run ./test/fuzz

.PHONY: soak
soak: build postgresql redis ## let three instances go through every fault under load (SOAK_TIME=4m)
	go run ./test/soak -time $(SOAK_TIME) -page docs/reliability.md

.PHONY: check
check: # what has to hold for every commit and costs next to nothing
	@files="$$(gofmt -l $(wildcard adapter cmd config domain migrations port test usecase))"; \
	[ -z "$$files" ] || { echo "not formatted with gofmt:"; echo "$$files"; exit 1; }
	@! grep -n '"resolved"' $(E2E)/package-lock.json || { echo "the lock file names a registry's host"; exit 1; }
	go vet $(RACE) ./...

.PHONY: lint
lint: check ## gofmt, go vet and staticcheck
	go run $(STATICCHECK) ./...

.PHONY: generate
generate: ## write generated code and documents anew
	go generate ./...

.PHONY: postgresql
postgresql:
	@bash test/pgtest/install.sh

.PHONY: redis
redis:
	@bash test/redistest/install.sh

.PHONY: chromium
chromium:
	@bash $(E2E)/install.sh

.PHONY: bin/pgrun
bin/pgrun:
	@CGO_ENABLED=0 go build -trimpath -buildvcs=false -o bin/pgrun ./test/pgtest/cmd/pgrun

$(E2E)/node_modules/.package-lock.json: $(E2E)/package-lock.json
	@command -v npm >/dev/null || { echo "Node.js 20 or newer with npm is needed: apt-get install nodejs npm"; exit 1; }
	cd $(E2E) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
