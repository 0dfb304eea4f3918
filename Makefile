# Every verb that CI runs is here, and works on a laptop as it does there.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PY ?= $(shell scripts/find-python)
# asked for when it is needed: the CDK app and the command line need no Python
INSTALL = $(PY) local/install.py
# Everything the project installs (its own Python packages, Node, CDK CLI, engines) lies in the cache folder.
WITH_TOOLS := scripts/with-tools
# the CDK CLI and its Node alone: what synth and deploy need
WITH_CDK := scripts/with-cdk

.PHONY: help local build library synth-app validate synth deploy smoke drift comment unlabel summary diff test test-go test-jobs test-engines test-e2e test-mutants lint cfn-lint docs golden cdk tools lint-tools bench-synth lock clean FORCE

help: ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

local: ## the whole tour on a local AWS: install, up, upload, run, query, status, down
	@scripts/tour

build: bin/lakeshift bin/app ## build the command line and the CDK app into bin/

bin/lakeshift bin/app bin/review: FORCE
	@command -v go >/dev/null || { echo "lakeshift needs Go 1.26 or newer: install it (https://go.dev/dl) and put it on PATH" >&2; exit 1; }
	@mkdir -p bin
	@go build -o $@ $(if $(filter bin/app,$@),.,./cmd/$(@F))

library: ## the Python library that the Glue jobs are deployed with
	@$(PY) local/library.py

# What cdk.json runs: a clean clone can be deployed without another command first.
synth-app: library bin/app
	@bin/app

validate: bin/lakeshift ## find every fault in environments, contracts and SQL, without Node or Python
	@bin/lakeshift validate

synth: cdk ## synthesize all environments, or ENV, into cdk.out/
	@$(WITH_CDK) cdk synth --quiet '*/*' $(if $(ENV),--context env=$(ENV))

deploy: cdk bin/lakeshift ## deploy ENV (or a STACK of it): the working tree, or what lies in ASSEMBLY (made by synth)
	@scripts/deploy '$(ENV)' '$(ASSEMBLY)' '$(or $(STACK),*)'

smoke: bin/lakeshift ## run every pipeline of ENV once, and see that every row is accounted for
	@bin/lakeshift smoke --env '$(ENV)'

drift: bin/lakeshift ## what was changed in ENV past its stacks
	@bin/lakeshift drift --env '$(ENV)'

comment: ## put the file REPORT into the pull request PR as one comment
	@$(PY) scripts/comment.py '$(PR)' '$(REPORT)'

unlabel: ## take the LABEL off the pull request PR
	@$(PY) scripts/unlabel.py '$(PR)' '$(LABEL)'

summary: ## show the file REPORT, if there is one, on the page of the GitHub run
	@[ ! -f '$(REPORT)' ] || cat '$(REPORT)' >> "$$GITHUB_STEP_SUMMARY"

diff: cdk $(if $(BASE),bin/review) ## what HEAD would deploy against BASE=origin/main; without BASE: against what ENV (default dev) runs
	@$(WITH_CDK) $(if $(BASE),bin/review -base '$(BASE)' -environment '$(ENV)' $(if $(DEPLOYED),-deployed) $(if $(filter 1,$(ALLOW_DESTRUCTIVE)),-allow-destructive) $(if $(EVENT),-event "$(EVENT)"),cdk diff '$(or $(ENV),dev)/*')

cdk: ## install the CDK CLI and its Node into the cache folder, if they are missing
	@$(INSTALL) --only node

tools: ## install what is missing into the cache folder
	@$(INSTALL)

test: ## everything: Go, jobs, engines, templates, end to end
	@scripts/test

test-go: tools library ## Go tests: goldens, constructs, cdk-nag, command line
	@$(WITH_TOOLS) go test ./...

test-jobs: tools library ## tests of the jobs, the schema step and the repository
	@$(WITH_TOOLS) python -m pytest -q tests/repository tests/jobs

test-engines: tools library ## tests of the local AWS, or of ENGINE alone: frame, glue, redshift, athena
	@$(WITH_TOOLS) python -m pytest -q $(or $(addprefix tests/local/,$(ENGINE)),tests/local)

cfn-lint: tools library bin/app ## cfn-lint over every template of every environment
	@$(WITH_TOOLS) scripts/cfn-lint

SUITES = $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard tests/e2e/*/test_*.py)))))
test-e2e: tools build library ## the end-to-end suites, each on a local environment of its own; SUITE chooses one
	@for suite in $(or $(SUITE),$(SUITES)); do $(WITH_TOOLS) python -m pytest -q -x tests/e2e/$$suite; done

test-mutants: tools build library ## break the product on purpose; each break must turn its test red
	@$(WITH_TOOLS) python tests/mutants/run.py $(MUTANT)

docs: tools library ## draw and generate what docs/ says about the code; read the diff before committing it
	@UPDATE_DOCS=1 $(WITH_TOOLS) go test . ./cmd/lakeshift ./internal/reference -count=1 -run TestDocs

golden: tools library ## rewrite the golden templates, and the drawings of them; read the diff before committing it
	@UPDATE_DOCS=1 $(WITH_TOOLS) go test . -update

lint: tools ## every static check; FIX=1 mends what can be mended first, ONLY="ruff mypy" runs these
	@$(WITH_TOOLS) python -m tools.lint $(if $(FIX),--fix) $(ONLY)

lint-tools: ## install what lint needs into the cache folder; nothing else installs it
	@$(PY) tools/install.py

bench-synth: tools library bin/app ## what a synth costs with 1 to 200 datasets; SIZES=1,30 RUNS=1 prints only, without them docs/performance.md is rewritten
	@$(WITH_TOOLS) go run ./cmd/bench-synth $(if $(SIZES)$(RUNS),,-write docs/performance.md) $(if $(SIZES),-sizes $(SIZES)) $(if $(RUNS),-runs $(RUNS))

lock: ## renew the Python locks after a change of a requirements*.in (needs uv)
	@for name in local/requirements local/requirements-jre25 tools/requirements; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	    --custom-compile-command 'make lock' $$name.in -o $$name.lock; \
	done

clean: ## remove what was built here; downloads stay in the cache folder
	@rm -rf bin build cdk.out
