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
help: ## list these targets 列出目标
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## play the demonstration once and serve its node; later runs serve it again 演示一遍并提供服务
	$(BINARY) demo --serve --dir $(CACHE)/run

.PHONY: demo
demo: build ## play the demonstration on a fresh node and stop 在新节点上演示一遍
	rm -rf $(CACHE)/demo
	$(BINARY) demo --dir $(CACHE)/demo

.PHONY: build
build: ## build the program, and verify for courts, into .cache/bin 构建程序
	@mkdir -p $(dir $(BINARY))
	@CGO_ENABLED=0 go build -trimpath -o $(dir $(BINARY)) ./cmd/cadastre ./cmd/verify

WASM := $(CACHE)/wasm
.PHONY: wasm
wasm: ## build verify for browsers, with Go's own wasm_exec.js, into .cache/wasm 构建浏览器中的核验程序
	@mkdir -p $(WASM)
	@GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o $(WASM)/verify.wasm ./cmd/verify/wasm
	@install -m 644 "$$(go env GOROOT)/lib/wasm/wasm_exec.js" $(WASM)/
	@echo "$(WASM)/verify.wasm: $$(wc -c <$(WASM)/verify.wasm) bytes, $$(gzip -9 -c $(WASM)/verify.wasm | wc -c) with gzip"

.PHONY: test
test: ## run all tests, with the race detector where a C compiler is found 运行全部测试
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
guards: ## take GUARDS checks out of the contract, one at a time: a test must notice each 逐一去掉检查，须有测试发现
	CADASTRE_GUARDS=$(GUARDS) go test -count=1 -v -timeout 90m -run TestEachGuardIsTested ./internal/guards

.PHONY: generate
generate: ## write the pages of docs/ that follow from the code 生成文档
	go run ./internal/generate docs

.PHONY: forge
forge: ## forge a bundle in every member, one at a time (make test tries a tenth) 逐项篡改证据包
	go test -count=1 -v -run TestForgedMembers ./ledger/evidence -forge

.PHONY: lint
lint: ## check the code by .golangci.yml 静态检查
	$(LINTER) run $(PACKAGES)
	cd $(NETWORK) && $(LINTER) run ./...

.PHONY: format
format: ## format the code 格式化代码
	$(LINTER) fmt $(PACKAGES)
	cd $(NETWORK) && $(LINTER) fmt ./...

.PHONY: minio
minio: $(CACHE)/bin/minio ## build the MinIO server for the integration tests, once 构建 MinIO

# A program of its own, never linked: its modules stay out of go.mod.
$(CACHE)/bin/minio:
	GOBIN=$(abspath $(CACHE)/bin) go install github.com/minio/minio@$(MINIO)

# Packages with tests of real servers, one after the other: each boots its own.
LIVE = $$(grep -rl --include='*_test.go' '^//go:build integration' . | xargs -n1 dirname | sort -u)
.PHONY: integration
integration: fabric minio build ## run the tests on real servers, Fabric and MinIO, which they start and stop themselves 在真实服务上测试
	cd $(NETWORK) && go test -count=1 ./...
	go test -tags integration -count=1 -p 1 -timeout 40m -run 'Live|S3' $(LIVE)
	.ci/demo-fabric

.PHONY: fuzz
fuzz: ## run every fuzz test for FUZZTIME each 模糊测试
	@set -euo pipefail; files=$$($(TESTFILES)); \
	for file in $$files; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done

.PHONY: bench
bench: ## run the benchmarks that match BENCH 性能测试
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

.PHONY: check
check: ## run all that a change must pass before it is merged 合并前的全部检查
	.ci/run

# Fabric's own binaries take minutes, so they are built once for a pin; the file
# pin says for which. Its default settings come along from the same module.
.PHONY: fabric
fabric: ## build Fabric, the chaincode and the network program, once (takes minutes) 构建 Fabric
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
fabric-up: fabric build ## start a Fabric network for demonstrations on this machine 启动演示用 Fabric 网络
	@set -euo pipefail; run=$(CURDIR)/$(FABRICRUN); network="$(FABRIC)/bin/network --run $$run --bin $(CURDIR)/$(FABRIC)/bin"; \
	if [ -f $$run/network.json ]; then $$network start all; exit; fi; \
	rm -rf $$run/node $$run/authority.json $$run/recovery.json; mkdir -p -m 700 $$run; \
	$(BINARY) init --dir $$run/node --name 演示市公共数据登记平台 --region 430300 --origin bureau.cadastre.example \
		--uscc 12430300000000009B --url http://127.0.0.1:8480 --fabric $$run/profiles/bureau.yaml --organization bureau; \
	$(BINARY) genesis sign $$run/node/genesis.request --demo --profile $$run/authority.json \
		--name 演示市数据局 --uscc 1143030000000000AH --recovery $$run/recovery.json >$$run/genesis.jws; \
	$$network up --genesis $$run/genesis.jws --bare $(FABRIC)/bin/bare

.PHONY: demo-fabric
demo-fabric: build ## play the demonstration on that network and print its result (CATALOGUE=F PRODUCT=F) 在该网络上演示
	@test -f $(FABRICRUN)/network.json || { echo "no network is up: make fabric-up boots one" >&2; exit 1; }
	@rm -rf $(CACHE)/demo-fabric
	@$(BINARY) demo --ledger fabric --network $(FABRICRUN)/network.json --profile $(FABRICRUN)/authority.json --json \
		--dir $(CACHE)/demo-fabric $(if $(CATALOGUE),--catalogue "$(CATALOGUE)") $(if $(PRODUCT),--product "$(PRODUCT)")

.PHONY: fabric-down
fabric-down: ## stop the Fabric network and delete all of it but the logs 停止并删除该网络
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run down; else echo "nothing to end: make fabric has never run"; fi

.PHONY: fabric-status
fabric-status: ## show what of the Fabric network runs 查看该网络状态
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run --bin $(FABRIC)/bin status; else echo "no network: make fabric-up boots one"; fi

.PHONY: clean
clean: ## delete what was built and run 清除构建与运行结果
	rm -rf $(CACHE)
