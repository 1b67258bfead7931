# Cadastre. `make` without a target lists all targets; each is described as "## 中文 | English".
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

# The race detector needs cgo, and cgo needs a C compiler that finds its headers.
COMPILES = printf '\#include <stdlib.h>\nint main(void) { return 0; }\n' | $$(go env CC) -x c -o /dev/null - >/dev/null 2>&1
# Test files of this module, one per line (nested modules are separate).
TESTFILES = go list -f '{{$$p := .}}{{range .TestGoFiles}}{{$$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$$p.Dir}}/{{.}}{{"\n"}}{{end}}' $(PACKAGES)

.PHONY: help
help: ## 列出各目标（英文：CADASTRE_LANG=en make help） | list these targets
	@awk -F ':.*## | [|] ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, ENVIRON["CADASTRE_LANG"] == "en" ? $$3 : $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## 演示一遍并提供服务；再次运行则重新提供服务 | play the demonstration once and serve its node; later runs serve the node again
	$(BINARY) demo --serve --dir $(CACHE)/run

.PHONY: demo
demo: build ## 在新节点上演示一遍后停止 | play the demonstration on a new node and stop
	rm -rf $(CACHE)/demo
	$(BINARY) demo --dir $(CACHE)/demo

.PHONY: build
build: ## 构建程序及供法院使用的 verify，置于 .cache/bin | build the program, and verify for courts, in .cache/bin
	@mkdir -p $(dir $(BINARY))
	@CGO_ENABLED=0 go build -buildvcs=auto -trimpath -o $(dir $(BINARY)) ./cmd/cadastre ./cmd/verify

.PHONY: deb
deb: ## 构建 Debian 软件包，置于 .cache/deb | build the package for Debian in .cache/deb
	@internal/packaging/deb

.PHONY: image
image: ## 用 buildah 构建容器镜像 cadastre | build the container image cadastre with buildah
	@internal/packaging/image

WASM := $(CACHE)/wasm
.PHONY: wasm
wasm: ## 构建浏览器中的核验程序，连同 Go 的 wasm_exec.js，置于 .cache/wasm | build verify for browsers, with Go's wasm_exec.js, in .cache/wasm
	@mkdir -p $(WASM)
	@GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o $(WASM)/verify.wasm ./cmd/verify/wasm
	@install -m 644 "$$(go env GOROOT)/lib/wasm/wasm_exec.js" $(WASM)/
	@echo "$(WASM)/verify.wasm: $$(wc -c <$(WASM)/verify.wasm) bytes, $$(gzip -9 -c $(WASM)/verify.wasm | wc -c) with gzip"

.PHONY: test
test: ## 运行全部测试；有 C 编译器时启用竞态检测 | run all tests, with the race detector if there is a C compiler
	@if [ "$$(go env CGO_ENABLED)" = 1 ] && $(COMPILES); then \
		echo "testing with the race detector"; \
		go test -race -shuffle=on -timeout 40m $(PACKAGES); \
	else \
		echo "testing without the race detector: it needs cgo and a C compiler"; \
		CGO_ENABLED=0 go test -shuffle=on $(PACKAGES); \
	fi
	cd $(NETWORK) && go test -short -shuffle=on ./...

# How many guards: a number, all, or the guards of a file (party.go). By default each
# day has its own selection; CADASTRE_GUARDS_SEED=x selects others.
GUARDS := 20
.PHONY: guards
guards: ## 从合约中逐一去掉 GUARDS 项检查：每项都须有测试发现 | remove GUARDS checks from the contract, one at a time: a test must fail for each
	CADASTRE_GUARDS=$(GUARDS) go test -count=1 -v -timeout 90m -run TestEachGuardIsTested ./internal/guards

.PHONY: generate
generate: ## 生成 docs/ 中由代码而来的各页 | write the pages of docs/ that are generated from the code
	go run ./internal/generate docs

.PHONY: forge
forge: ## 逐项篡改证据包的每个成员（make test 只试十分之一） | forge every member of a bundle, one at a time (make test tries a tenth)
	go test -count=1 -v -run TestForgedMembers ./ledger/evidence -forge

.PHONY: lint
lint: ## 按 .golangci.yml 静态检查 | check the code with .golangci.yml
	$(LINTER) run $(PACKAGES)
	cd $(NETWORK) && $(LINTER) run ./...

.PHONY: format
format: ## 格式化代码 | format the code
	$(LINTER) fmt $(PACKAGES)
	cd $(NETWORK) && $(LINTER) fmt ./...

.PHONY: minio
minio: $(CACHE)/bin/minio ## 构建集成测试所用的 MinIO 服务器（一次） | build the MinIO server for the integration tests, once

# A separate program that is never linked: its modules stay out of go.mod.
$(CACHE)/bin/minio:
	GOBIN=$(abspath $(CACHE)/bin) go install github.com/minio/minio@$(MINIO)

# Packages with tests on real servers, run one after the other: each starts its own.
LIVE = $$(grep -rl --include='*_test.go' '^//go:build integration' . | xargs -n1 dirname | sort -u)
.PHONY: integration
integration: fabric minio build ## 在真实的 Fabric 与 MinIO 上测试，自行启动与停止 | run the tests on real servers, Fabric and MinIO; the tests start and stop them
	cd $(NETWORK) && go test -count=1 ./...
	go test -tags integration -count=1 -p 1 -timeout 40m -run 'Live|S3' $(LIVE)
	.ci/demo-fabric

.PHONY: fuzz
fuzz: ## 运行全部模糊测试，每项 FUZZTIME | run every fuzz test for FUZZTIME
	@set -euo pipefail; files=$$($(TESTFILES)); \
	for file in $$files; do \
		for name in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
		done; \
	done

.PHONY: bench
bench: ## 运行名称符合 BENCH 的性能测试 | run the benchmarks that match BENCH
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PACKAGES)

# The program before the defenses: make attack prints its figures beside today's.
BEFORE = 3e9b553
.PHONY: attack
attack: build ## 以普通账户攻击运行中的节点，逐行报告今昔数值，越界即失败 | attack running nodes with ordinary accounts: figures before and now, fails if a bound is crossed
	@set -euo pipefail; before=; \
	if [ -x $(CACHE)/before/cadastre ]; then before=$(CACHE)/before/cadastre; \
	elif git cat-file -e $(BEFORE)^{commit} 2>/dev/null; then \
		rm -rf $(CACHE)/before && mkdir -p $(CACHE)/before/src && git archive $(BEFORE) | tar -x -C $(CACHE)/before/src; \
		(cd $(CACHE)/before/src && CGO_ENABLED=0 go build -trimpath -o ../cadastre ./cmd/cadastre) && before=$(CACHE)/before/cadastre; \
	else echo "this clone has no commit $(BEFORE): no figures of it"; fi; \
	go run ./internal/attack -now $(BINARY) -then "$$before"

# How often a node is killed. The power is cut five times as often, at most 1,000 times;
# from N=1000 on, every single write fails once. SEED=s repeats the random choices of a run.
N := 40
.PHONY: torture
torture: ## 折磨节点：断电、杀死 N 次、写入失败、并发历史、大量连接 | torture a node: power cuts, N kills, failing writes, concurrent histories, crowds
	go test -count=1 -v -timeout 6h ./internal/torture -torture -kills $(N) -cuts $$(( $(N) < 200 ? 5 * $(N) : 1000 )) \
		-faults $$(( $(N) < 1000 ? ($(N) + 19) / 20 : 0 )) -crowd $$(( $(N) < 1000 ? 10 * $(N) : 10000 )) -seed $(or $(SEED),0)

.PHONY: check
check: ## 运行合并之前须通过的全部检查 | run all checks that a change must pass before it is merged
	.ci/run

# Building Fabric's binaries takes minutes, so they are built once for a version; the
# file pin has this version. Fabric's default settings come from the same module.
.PHONY: fabric
fabric: ## 构建 Fabric、链码与网络程序（一次，需数分钟） | build Fabric, the chaincode and the network program, once (takes minutes)
	@mkdir -p $(FABRIC)/bin
	@set -euo pipefail; bin=$(CURDIR)/$(FABRIC)/bin; cd $(NETWORK); \
	pin=$$(go list -m -f '{{.Version}}' github.com/hyperledger/fabric); \
	if [ "$$(cat $$bin/pin 2>/dev/null)" != "$$pin" ]; then \
		echo "building Fabric $$pin once: this takes a few minutes"; \
		rm -f $$bin/pin; \
		CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $$bin/ tool; \
		config=$$(go list -m -f '{{.Dir}}' github.com/hyperledger/fabric)/sampleconfig; \
		install -m 644 $$config/core.yaml $$config/orderer.yaml $$bin/; \
		echo "$$pin" >$$bin/pin; \
	fi; \
	CGO_ENABLED=0 go build -trimpath -o $$bin/ . ./bare
	CGO_ENABLED=0 go build -trimpath -o $(FABRIC)/bin/chaincode ./cmd/chaincode

# The run folder of the network also has the bureau's node, the genesis that the
# chaincode accepts, and the data authority's profile (authority.json).
FABRICRUN := $(FABRIC)/run
.PHONY: fabric-up
fabric-up: fabric build ## 在本机启动演示用 Fabric 网络 | start a Fabric network for demonstrations on this machine
	@set -euo pipefail; run=$(CURDIR)/$(FABRICRUN); network="$(FABRIC)/bin/network --run $$run --bin $(CURDIR)/$(FABRIC)/bin"; \
	if [ -f $$run/network.json ]; then $$network start all; exit; fi; \
	rm -rf $$run/node $$run/authority.json $$run/recovery.json; mkdir -p -m 700 $$run; \
	$(BINARY) init --dir $$run/node --name 演示市公共数据登记平台 --region 430300 --origin bureau.cadastre.example \
		--uscc 12430300000000009B --url http://127.0.0.1:8480 --fabric $$run/profiles/bureau.yaml --organization bureau; \
	$(BINARY) genesis sign $$run/node/genesis.request --demo --profile $$run/authority.json \
		--name 演示市数据局 --uscc 1143030000000000AH --recovery $$run/recovery.json >$$run/genesis.jws; \
	$$network up --genesis $$run/genesis.jws --bare $(FABRIC)/bin/bare

.PHONY: demo-fabric
demo-fabric: build ## 在该网络上演示并输出结果（CATALOGUE=F PRODUCT=F） | play the demonstration on that network and print its result (CATALOGUE=F PRODUCT=F)
	@test -f $(FABRICRUN)/network.json || { echo "no network is running: start one with make fabric-up" >&2; exit 1; }
	@rm -rf $(CACHE)/demo-fabric
	@$(BINARY) demo --ledger fabric --network $(FABRICRUN)/network.json --profile $(FABRICRUN)/authority.json --json \
		--dir $(CACHE)/demo-fabric $(if $(CATALOGUE),--catalogue "$(CATALOGUE)") $(if $(PRODUCT),--product "$(PRODUCT)")

.PHONY: fabric-down
fabric-down: ## 停止 Fabric 网络，除日志外全部删除 | stop the Fabric network and delete everything except its logs
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run down; else echo "nothing to stop: make fabric has never run"; fi

.PHONY: fabric-status
fabric-status: ## 查看 Fabric 网络中正在运行的部分 | show which parts of the Fabric network are running
	@if [ -x $(FABRIC)/bin/network ]; then $(FABRIC)/bin/network --run $(FABRIC)/run --bin $(FABRIC)/bin status; else echo "no network: start one with make fabric-up"; fi

.PHONY: clean
clean: ## 删除构建与运行的产物 | delete everything that was built and run
	rm -rf $(CACHE)
