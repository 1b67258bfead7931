# Cadastre. `make` alone lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CACHE    := .cache
BINARY   := $(CACHE)/bin/cadastre
LINTER   := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
MINIO    := v0.0.0-20260212201848-7aac2a2c5b7c
PACKAGES := ./...
FABRIC   := $(CACHE)/fabric
NETWORK  := ledger/fabric/network
FUZZTIME := 10s
BENCH    := .

# The race detector needs cgo, and cgo a C compiler that finds its headers.
COMPILES = printf '\#include <stdlib.h>\nint main(void) { return 0; }\n' | $$(go env CC) -x c -o /dev/null - >/dev/null 2>&1
# Test files of this module, one a line (nested modules have their own).
TESTFILES = go list -f '{{$$p := .}}{{range .TestGoFiles}}{{$$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$p.Dir}}/{{.}}{{"\n"}}{{end}}' $(PACKAGES)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## tell the demonstration's story once, then serve it (again, if it is complete)
	$(BINARY) demo --serve --dir $(CACHE)/run

.PHONY: demo
demo: build ## tell the demonstration's story in a fresh folder and stop
	rm -rf $(CACHE)/demo
	$(BINARY) demo --dir $(CACHE)/demo

.PHONY: build
build: ## build the binary into .cache/bin
	@mkdir -p $(dir $(BINARY))
	CGO_ENABLED=0 go build -trimpath -o $(BINARY) ./cmd/cadastre

.PHONY: test
test: ## run all tests, with the race detector where a C compiler is found
	@if [ "$$(go env CGO_ENABLED)" = 1 ] && $(COMPILES); then \
		echo "tests with the race detector"; \
		go test -race -shuffle=on $(PACKAGES); \
	else \
		echo "tests without the race detector: it needs cgo and a C compiler"; \
		CGO_ENABLED=0 go test -shuffle=on $(PACKAGES); \
	fi
	cd $(NETWORK) && go test -short -shuffle=on ./...

.PHONY: lint
lint: ## check the code by .golangci.yml (the linter is fetched and built once)
	$(LINTER) run $(PACKAGES)
	cd $(NETWORK) && $(LINTER) run ./...

.PHONY: format
format: ## format the code as lint wants it
	$(LINTER) fmt $(PACKAGES)
	cd $(NETWORK) && $(LINTER) fmt ./...

.PHONY: minio
minio: $(CACHE)/bin/minio ## build the MinIO server that the integration tests run (once)

# A program of its own, never linked: its modules stay out of go.mod.
$(CACHE)/bin/minio:
	GOBIN=$(abspath $(CACHE)/bin) go install github.com/minio/minio@$(MINIO)

.PHONY: integration
integration: minio ## run the tests that need real servers, which they start and end themselves
	go test -tags integration -count=1 -timeout 30m -run S3 ./marketplace/objects/ ./internal/node/ ./internal/demo/

.PHONY: fuzz
fuzz: ## run every fuzz target, each for FUZZTIME
	@set -euo pipefail; files=$$($(TESTFILES)); \
	for file in $$files; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done

.PHONY: bench
bench: ## run the benchmarks, those that match BENCH
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

.PHONY: check
check: ## what a change must pass
	.ci/run

# Fabric's own binaries take minutes, so they are built once for a pin; the file
# pin says for which. Its default settings come along from the same module.
.PHONY: fabric
fabric: ## build Fabric's binaries, the chaincode and the network program (minutes, once)
	@mkdir -p $(FABRIC)/bin
	@set -euo pipefail; bin=$(CURDIR)/$(FABRIC)/bin; cd $(NETWORK); \
	pin=$$(go list -m -f '{{.Version}}' github.com/hyperledger/fabric); \
	if [ "$$(cat $$bin/pin 2>/dev/null)" != "$$pin" ]; then \
		echo "building Fabric $$pin: a few minutes, once"; \
		rm -f $$bin/pin; \
		CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $$bin/ tool; \
		config=$$(go list -m -f '{{.Dir}}' github.com/hyperledger/fabric)/sampleconfig; \
		install -m 644 $$config/core.yaml $$config/orderer.yaml $$bin/; \
		echo "$$pin" >$$bin/pin; \
	fi; \
	CGO_ENABLED=0 go build -trimpath -o $$bin/network .
	CGO_ENABLED=0 go build -trimpath -o $(FABRIC)/bin/chaincode ./cmd/chaincode

# Make a genesis first: its file is named by GENESIS, and lies in the run folder
# unless told.
GENESIS := $(FABRIC)/run/genesis.jws
.PHONY: fabric-up
fabric-up: fabric ## boot a Fabric network whose chaincode takes the genesis in GENESIS
	$(FABRIC)/bin/network --run $(FABRIC)/run --bin $(FABRIC)/bin up --genesis $(GENESIS)

.PHONY: fabric-down
fabric-down: ## end the Fabric network and delete it, but for its logs
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run down; else echo "nothing to end: make fabric has never run"; fi

.PHONY: fabric-status
fabric-status: ## say what of the Fabric network runs, and whether its chaincode answers
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run --bin $(FABRIC)/bin status; else echo "no network: make fabric-up boots one"; fi

.PHONY: clean
clean: ## delete what was built and run
	rm -rf $(CACHE)
