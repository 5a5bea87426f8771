# Sequential Questioning. `make` lists what can be made.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PROJECT := github.com/sequential-questioning/sequential-questioning
BIN := .bin
MODULES := $(sort $(patsubst %/go.mod,%,$(wildcard shared/go.mod migrations/go.mod tests/go.mod functions/*/go.mod)))
# Modules whose versions are those of shared/go.mod.
FOLLOWING := $(filter-out shared,$(MODULES)) gitops/operate tests/e2e
PACKAGES := $(addsuffix /...,$(addprefix ./,$(MODULES)))
# grpcnotrace leaves out gRPC's trace pages, and with them a seventh of a
# function: their templates keep the linker from dropping unused methods.
# nethttpomithttp2 leaves out net/http's HTTP/2: functions speak HTTP/1.1, and gRPC
# has its own. nopgxregisterdefaulttypes leaves out from which Go types pgx guesses a
# parameter's type in protocols that functions do not use (shared/postgres).
GO_BUILD := go build -trimpath -tags=grpcnotrace,nethttpomithttp2,nopgxregisterdefaulttypes -ldflags='-s -w'
FUNCTIONS := $(sort $(notdir $(patsubst %/func.yaml,%,$(wildcard functions/*/func.yaml))))
TOOLS := $(filter-out gateway relay indexer,$(FUNCTIONS))

# Modules that import Knative, Argo CD or Kubernetes are outside the workspace, so that
# functions do not get their dependencies.
DELIVERY := gitops/operate tests/cluster tests/cluster/knative tests/e2e
ALONE := GOWORK=off CGO_ENABLED=0 GOFLAGS='-buildvcs=false -trimpath'
# gitops/release/go.mod explains the tag.
ALONE_RELEASE := GOWORK=off CGO_ENABLED=0 GOFLAGS='-buildvcs=false -trimpath -tags=kubernetes_protomessage_one_more_release'
RELEASE := $(BIN)/release
OPERATE := $(BIN)/operate
CLUSTER := $(BIN)/cluster-command
# The race detector needs a C compiler. The engine is tested without it: it is pure,
# starts no goroutine, and costs most of the time.
RACE = $(if $(shell command -v "$$(go env CC)"),-race)
LINT = $(abspath $(BIN))/golangci-lint run --config $(abspath .golangci.yml)
# govulncheck fails if its database is unavailable.
GOVULNCHECK = $(abspath $(BIN))/govulncheck $(if $(VULNDB),-db $(VULNDB))

##@ Use

run: ## Serve on this machine. ARGS="--port 9000 --data folder", or DATABASE_URL for an existing server
	@test -x $(BIN)/local || echo "Building; the first time takes a minute or two."
	@go build -trimpath -o $(BIN)/local ./functions/local/cmd/sequential-questioning
	@exec $(BIN)/local --data .data $(ARGS)

install: ## Install the program for hosts that start it themselves, into GOBIN or ~/go/bin
	@go install -trimpath ./functions/local/cmd/sequential-questioning
	@bin=$$(go env GOBIN); bin=$${bin:-$$(go env GOPATH)/bin}; echo "Installed $$bin/sequential-questioning"; \
		case ":$$PATH:" in *":$$bin:"*) ;; *) echo "Add $$bin to PATH, or name the whole path to your host." ;; esac

migrate: ## Apply pending migrations to the database at DATABASE_URL
	@go run ./migrations/cmd/migrate $(ARGS)

reindex: operate ## Rebuild memory in Qdrant (QDRANT_URL) from the database at DATABASE_URL. ARGS="[ENV] [--fresh]"
	@$(OPERATE) memory rebuild $(ARGS)

##@ Build

build: ## Build every program into .bin
	@mkdir -p $(BIN)
	go build -trimpath -o $(BIN)/local ./functions/local/cmd/sequential-questioning
	go build -trimpath -o $(BIN)/migrate ./migrations/cmd/migrate
	for f in $(FUNCTIONS); do CGO_ENABLED=0 $(GO_BUILD) -o $(BIN)/$$f ./functions/$$f/cmd/$$f; done

release: ## Build the release command (render, images, promote, rollback) into .bin
	@$(ALONE_RELEASE) go -C gitops/release build -ldflags='-s -w' -o $(abspath $(RELEASE)) .

operate: ## Build the operate command (databases, backups, secrets, memory, events, checks) into .bin
	@$(ALONE) go -C gitops/operate build -ldflags='-s -w' -o $(abspath $(OPERATE)) .

render: release ## Write gitops/base from the functions' func.yaml
	$(RELEASE) render

images: release ## Build all images and pin them. ARGS="--repository ghcr.io/owner/project"
	$(RELEASE) images $(ARGS)

$(BIN)/sqlc:
	@echo "Building sqlc; the first time takes a minute or two."
	@GOBIN=$(abspath $(BIN)) $(ALONE) go install github.com/sqlc-dev/sqlc/cmd/sqlc@v1.31.1

generate: $(BIN)/sqlc ## Generate files from the code: catalogue, API reference, schemas of tools and events, language tables, SQL methods
	$(BIN)/sqlc generate -f shared/store/sqlc.yaml
	go run ./functions/local/cmd/generate
	UPDATE_SNAPSHOTS=1 go test -count=1 -run TestTables ./shared/questioning/parse > /dev/null
	UPDATE_SNAPSHOTS=1 go test -count=1 -run TestSnapshot $(addprefix ./functions/,$(TOOLS)) ./shared/event > /dev/null

tidy: ## Align all modules with the versions of shared/go.mod, and add new functions to the workspace
	go work use $(addprefix ./,$(MODULES))
	for f in $(FUNCTIONS); do go -C functions/local mod edit -replace $(PROJECT)/functions/$$f=../$$f; done
	for f in $(FUNCTIONS) local; do go -C tests mod edit -replace $(PROJECT)/functions/$$f=../functions/$$f; done
	GOWORK=off go -C shared mod tidy
	for m in $(FOLLOWING); do GOWORK=off go -C $$m mod edit $$(awk '!/^\t/ {next} NR == FNR {version[$$1] = $$2; next} $$1 in version {print "-require=" $$1 "@" version[$$1]}' shared/go.mod $$m/go.mod); done
	for m in $(FOLLOWING); do GOWORK=off go -C $$m mod tidy; done

##@ Check

test: verify lint unit delivery conformance ## All checks of a change (under five minutes with warm caches)

postgres:
	@go run ./shared/postgres/embedded/cmd/install-postgres

unit: postgres release operate ## Unit and integration tests, against a real PostgreSQL
	@test -n "$(RACE)" || echo "There is no C compiler here: tests run without the race detector."
	go test $(RACE) -timeout 20m $$(go list $(filter-out ./tests/...,$(PACKAGES)) | grep -v /shared/questioning) ./tests/integration/...
	go test -timeout 10m ./shared/questioning/... ./tests/quality/... ./tests/chaos/...
	go test -count=1 -timeout 15m ./tests/infrastructure/... ./tests/documents/... ./tests/size/... ./tests/performance/allocations/... # read files that the cache of tests does not see

vulnerabilities: ## Check the programs for known vulnerabilities of https://vuln.go.dev. VULNDB=https://…
	@GOBIN=$(abspath $(BIN)) $(ALONE) go install golang.org/x/vuln/cmd/govulncheck@v1.6.0
	cd shared && $(GOVULNCHECK) $(addprefix ../,$(addsuffix /...,$(filter-out tests,$(MODULES))))
	cd gitops/release && $(ALONE_RELEASE) $(GOVULNCHECK) ./...
	cd gitops/operate && $(ALONE) $(GOVULNCHECK) ./...

delivery: ## Tests of the release command, the manifests and the policies
	$(ALONE_RELEASE) go -C gitops/release test -timeout 20m ./...
	for m in $(filter-out gitops/operate tests/e2e,$(DELIVERY)); do $(ALONE) go -C $$m test -timeout 10m ./...; done
	$(ALONE) go -C tests/e2e test ./delivery

conformance: $(if $(ENDPOINT),,postgres) tests/conformance/node_modules/.installed ## Foreign MCP clients and the official conformance suite, against the built program; or ENDPOINT=https://host/mcp TOKEN=…
	go test -count=1 -timeout $(if $(ENDPOINT),30m -v,10m) ./tests/conformance/...

tests/conformance/node_modules/.installed: tests/conformance/package-lock.json
	npm ci --prefix tests/conformance --no-audit --no-fund --loglevel=error
	@touch $@

hosts: postgres release hosts-tools tests/hosts/node_modules/.installed $(BIN)/func ## The ready configurations in hosts' own programs, Python's client libraries, packages, go install and Knative's func
	go test -count=1 -timeout 40m ./tests/hosts/...

$(BIN)/func: tests/hosts/func/go.mod
	@echo "Building Knative's func; the first time takes some minutes."
	@$(ALONE) go -C tests/hosts/func build -ldflags='-s -w' -o $(abspath $@) knative.dev/func/cmd/func

# Ruby reads the formula, bubblewrap runs the image.
hosts-tools:
	@missing=; for p in ruby:ruby bwrap:bubblewrap; do command -v $${p%:*} > /dev/null || missing="$$missing $${p#*:}"; done; \
		test -z "$$missing" || ! command -v apt-get > /dev/null || \
		if [ "$$(id -u)" = 0 ]; then apt-get install -y --no-install-recommends $$missing > /dev/null; \
		else echo "Tests that need them are skipped without: sudo apt-get install$$missing"; fi

tests/hosts/node_modules/.installed: tests/hosts/package-lock.json
	npm ci --prefix tests/hosts --no-audit --no-fund --loglevel=error
	@touch $@

$(BIN)/goreleaser $(BIN)/syft:
	@echo "Building $(@F); the first time takes some minutes."
	@GOBIN=$(abspath $(BIN)) $(ALONE) go install $(if $(filter %syft,$@),github.com/anchore/syft/cmd/syft@v1.42.4,github.com/goreleaser/goreleaser/v2@v2.15.1)

dist: $(BIN)/goreleaser $(BIN)/syft ## Build and check in .bin what a release publishes of the program for laptops, without signatures
	PATH=$(abspath $(BIN)):$$PATH GORELEASER_CURRENT_TAG=v$$(< shared/version/VERSION) goreleaser release --snapshot --clean --skip=publish,sign --config functions/local/packaging/goreleaser.yaml
	@$(MAKE) --no-print-directory packages
	go test -count=1 ./tests/dist

packages: ## Of goreleaser's build in .bin/dist: bundles, formula and server.json, in .bin/packages. ARGS="--postgresql darwin/all=folder"
	go run ./functions/local/cmd/package $(ARGS)

program-image: release ## Of goreleaser's build in .bin/dist: the image with PostgreSQL, in .bin/program-image. ARGS="--push ghcr.io/owner/sequential-questioning:1.4.0"
	$(RELEASE) program $(ARGS)

first-minute: ## Record docs/first_minute.svg from a real session
	go build -trimpath -o $(BIN)/local ./functions/local/cmd/sequential-questioning
	go run ./tests/hosts/record $(BIN)/local docs/first_minute.svg

e2e: postgres tests/conformance/node_modules/.installed $(CLUSTER) ## Test the delivery end to end on a new cluster, or on that of KUBECONFIG=… (docs/e2e.md). ARGS="-run TestPromotion"
	@tests/e2e/run $(if $(filter command line,$(origin KUBECONFIG)),--kubeconfig $(abspath $(KUBECONFIG)),) $(ARGS)

verify: release $(BIN)/sqlc ## Fail if a generated file is out of date or a module differs from shared/go.mod
	go test -count=1 -run Module ./tests/infrastructure
	go run ./functions/local/cmd/generate --check
	$(BIN)/sqlc diff -f shared/store/sqlc.yaml
	$(RELEASE) render --check

lint: $(BIN)/golangci-lint $(BIN)/actionlint ## gofmt, go vet and what .golangci.yml adds, over every module; actionlint over the workflows
	$(LINT) $(PACKAGES)
	cd gitops/release && $(ALONE_RELEASE) $(LINT) ./...
	for m in $(DELIVERY); do (cd $$m && $(ALONE) $(LINT) ./...); done
	cd tests/monitoring/collector && $(ALONE) go vet .
	$(BIN)/actionlint

$(BIN)/golangci-lint:
	@echo "Building golangci-lint; the first time takes some minutes."
	@GOBIN=$(abspath $(BIN)) $(ALONE) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

$(BIN)/actionlint:
	@GOBIN=$(abspath $(BIN)) $(ALONE) go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

operations: monitoring load-test ## Test the operate command, the alerts and the load test
	$(ALONE) go -C gitops/operate test -timeout 10m ./...

monitoring: postgres ## Test rules, alert routing, dashboards and logs with a real Prometheus, Alertmanager and collector
	go run ./tests/monitoring/cmd/install-tools
	go test -timeout 10m ./tests/monitoring/...

dashboards: ## Draw docs/dashboards over a running program
	go run ./tests/monitoring/cmd/install-tools
	go run ./tests/monitoring/cmd/dashboards $(ARGS)

$(BIN)/k6:
	@echo "Building k6; the first time takes a minute or two."
	@GOBIN=$(abspath $(BIN)) $(ALONE) go install go.k6.io/k6@v1.8.1

load: $(BIN)/k6 ## Whole conversations at a constant rate. SHORT=1, or TARGET=https://host/mcp TOKEN=… RATE=120 DURATION=5m
	@$(if $(TARGET),,go build -trimpath -o $(BIN)/local ./functions/local/cmd/sequential-questioning)
	@tests/performance/k6/run

load-test: postgres $(BIN)/k6 ## Test that the load test passes and fails as it should
	go test -count=1 -timeout 10m ./tests/performance/k6/...

infrastructure: ## Check OpenTofu's format, schema and plans, without an account (builds OpenTofu and the provider once)
	gitops/infrastructure/check

quality: ## Measure the questions and print tables. ARGS="--clariq folder --write docs/quality.md"
	go run ./tests/quality $(ARGS)

hostile: postgres ## Send every function hostile requests under the memory limit of its manifest; needs root
	go test -count=1 -timeout 20m ./tests/hostile/...

fuzz: ## Fuzz every parser for FUZZTIME. FUZZTIME=1m
	go test -run '^$$' -fuzz FuzzReply -fuzztime $(or $(FUZZTIME),30s) ./shared/questioning/parse
	go test -run '^$$' -fuzz FuzzRead$$ -fuzztime $(or $(FUZZTIME),30s) ./shared/questioning/parse
	go test -run '^$$' -fuzz FuzzRead -fuzztime $(or $(FUZZTIME),30s) ./shared/questioning/slotspec
	go test -run '^$$' -fuzz FuzzSchema -fuzztime $(or $(FUZZTIME),30s) ./shared/schema/bounds
	go test -run '^$$' -fuzz FuzzCompile -fuzztime $(or $(FUZZTIME),30s) ./shared/schema
	go test -run '^$$' -fuzz FuzzNumbersFit -fuzztime $(or $(FUZZTIME),30s) ./shared/tool

chaos: postgres ## Run conversations while processes, PostgreSQL and clients are killed. ARGS="--minutes 10 --seed 7"
	@go run ./tests/chaos $(ARGS)

chaos-short: ## Run chaos for about a minute
	@$(MAKE) --no-print-directory chaos ARGS="--minutes 1 --conversations 500 --kills 100"

scale: postgres ## Measure calls and read the plans of all statements beside two million conversations; ten minutes and 15 GB. SCALE=2000000
	SCALE=$(or $(SCALE),2000000) go test -count=1 -timeout 3h -v -run TestNoStatementReadsMore ./shared/store

bench: tests/performance/peer/node_modules/.installed ## Measure performance, as ratios within one run, and print a table. ARGS="--write docs/performance.md" for the page
	go run ./tests/performance $(ARGS)

tests/performance/peer/node_modules/.installed: tests/performance/peer/package-lock.json
	npm ci --prefix tests/performance/peer --no-audit --no-fund --loglevel=error
	@touch $@

##@ Cluster

$(CLUSTER): FORCE
	@$(ALONE) go -C tests/cluster build -o $(abspath $@) ./cmd/cluster

cluster: $(CLUSTER) ## Start a Kubernetes cluster with Knative and Argo CD on this machine (Linux, root). ARGS="--eventing"
	@$(CLUSTER) up $(ARGS)

deploy: postgres ## Deploy this checkout to the cluster, as docs/first_hour.md shows
	@$(ALONE) go -C tests/e2e build -o $(abspath $(BIN))/deploy ./cmd/deploy
	@exec $(BIN)/deploy

cluster-down: $(CLUSTER) ## Stop and remove the cluster
	@$(CLUSTER) down $(ARGS)

##@ Other

clean: ## Remove build output; keep the conversations in .data
	rm -rf $(BIN) tests/conformance/node_modules tests/hosts/node_modules

help: ## Print this
	@awk 'BEGIN {FS = ":.*## "; print "Sequential Questioning\n\nUsage: make <target>"} \
		/^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z][a-z0-9-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

FORCE:

.PHONY: run install migrate reindex build generate release operate render images tidy test postgres unit vulnerabilities delivery conformance hosts hosts-tools dist packages program-image first-minute e2e verify lint quality hostile fuzz chaos chaos-short scale bench load load-test operations monitoring dashboards infrastructure cluster deploy cluster-down clean help FORCE
