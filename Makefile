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
build: ## build the program, and verify for courts, into .cache/bin
	@mkdir -p $(dir $(BINARY))
	@CGO_ENABLED=0 go build -trimpath -o $(dir $(BINARY)) ./cmd/cadastre ./cmd/verify

.PHONY: test
test: ## run all tests, with the race detector where a C compiler is found
	@if [ "$$(go env CGO_ENABLED)" = 1 ] && $(COMPILES); then \
		echo "tests with the race detector"; \
		go test -race -shuffle=on -timeout 20m $(PACKAGES); \
	else \
		echo "tests without the race detector: it needs cgo and a C compiler"; \
		CGO_ENABLED=0 go test -shuffle=on $(PACKAGES); \
	fi
	cd $(NETWORK) && go test -short -shuffle=on ./...

# How many guards, all, or those of a file (party.go). CADASTRE_GUARDS_SEED=x draws
# others than today's.
GUARDS := 20
.PHONY: guards
guards: ## remove GUARDS guards of the contract, one at a time, and look for the test that notices
	CADASTRE_GUARDS=$(GUARDS) go test -count=1 -v -timeout 90m -run TestEachGuardIsTested ./internal/guards

.PHONY: generate
generate: ## write the pages of docs/ that follow from the code
	go run ./internal/generate docs

.PHONY: forge
forge: ## try every change of one member on a bundle of evidence, not a tenth
	go test -count=1 -v -run TestForgedMembers ./ledger/evidence -forge

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

# Packages with tests of real servers, one after the other: each boots its own.
LIVE = $$(grep -rl --include='*_test.go' '^//go:build integration' . | xargs -n1 dirname | sort -u)
.PHONY: integration
integration: fabric minio build ## run the tests that need real servers (Fabric, MinIO), which they start and end themselves
	cd $(NETWORK) && go test -count=1 ./...
	go test -tags integration -count=1 -p 1 -timeout 40m -run 'Live|S3' $(LIVE)
	.ci/demo-fabric

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
	CGO_ENABLED=0 go build -trimpath -o $$bin/ . ./bare
	CGO_ENABLED=0 go build -trimpath -o $(FABRIC)/bin/chaincode ./cmd/chaincode

# The run folder of the network also holds the bureau's node, the genesis that the
# chaincode takes, and the data authority's profile (authority.json).
FABRICRUN := $(FABRIC)/run
.PHONY: fabric-up
fabric-up: fabric build ## boot a Fabric network for demonstrations, with a genesis and its keys
	@set -euo pipefail; run=$(CURDIR)/$(FABRICRUN); network="$(FABRIC)/bin/network --run $$run --bin $(CURDIR)/$(FABRIC)/bin"; \
	if [ -f $$run/network.json ]; then $$network start all; exit; fi; \
	rm -rf $$run/node $$run/authority.json $$run/recovery.json; mkdir -p -m 700 $$run; \
	$(BINARY) init --dir $$run/node --name 演示市公共数据登记平台 --region 430300 --origin bureau.cadastre.example \
		--uscc 12430300000000009B --url http://127.0.0.1:8480 --fabric $$run/profiles/bureau.yaml --organization bureau; \
	$(BINARY) genesis sign $$run/node/genesis.request --demo --profile $$run/authority.json \
		--name 演示市数据局 --uscc 1143030000000000AH --recovery $$run/recovery.json >$$run/genesis.jws; \
	$$network up --genesis $$run/genesis.jws --bare $(FABRIC)/bin/bare

.PHONY: demo-fabric
demo-fabric: build ## tell the demonstration's story on the network that is up (CATALOGUE=F PRODUCT=F) and print its result
	@test -f $(FABRICRUN)/network.json || { echo "no network is up: make fabric-up boots one" >&2; exit 1; }
	@rm -rf $(CACHE)/demo-fabric
	@$(BINARY) demo --ledger fabric --network $(FABRICRUN)/network.json --profile $(FABRICRUN)/authority.json --json \
		--dir $(CACHE)/demo-fabric $(if $(CATALOGUE),--catalogue "$(CATALOGUE)") $(if $(PRODUCT),--product "$(PRODUCT)")

.PHONY: fabric-down
fabric-down: ## end the Fabric network and delete it, but for its logs
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run down; else echo "nothing to end: make fabric has never run"; fi

.PHONY: fabric-status
fabric-status: ## say what of the Fabric network runs, and whether its chaincode answers
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run --bin $(FABRIC)/bin status; else echo "no network: make fabric-up boots one"; fi

.PHONY: clean
clean: ## delete what was built and run
	rm -rf $(CACHE)
