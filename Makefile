# The verbs of the project. Each line of a recipe also runs without make.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-tests setup-contracts demo devnet test test-unit test-contracts test-invariants \
        test-mutants test-e2e lint type abi analyze gas bench bench-render docs \
        deploy-testnet clean

RUN := uv run --frozen --no-sync
APE := contracts/.venv/bin/ape

# Tests start hundreds of Python processes: bytecode is kept, whatever the caller's environment says.
unexport PYTHONDONTWRITEBYTECODE
export SOLCX_BINARY_PATH := $(CURDIR)/tools/solc
export PATH := $(CURDIR)/.cache/bin:$(CURDIR)/.venv/bin:$(PATH)

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what a grid on this machine needs (apt, PyPI, npm)
	@tools/setup.sh

setup-tests: ## also install the real parts that only tests use
	@tools/setup.sh tests

setup-contracts: ## also install Ape, in its own environment
	@tools/setup.sh tests contracts

demo: setup ## run a workflow on a real one-machine Slurm, paid through a local chain
	$(RUN) python -m tools.devnet demo

devnet: setup ## the same grid, staying up until Ctrl-C
	$(RUN) python -m tools.devnet up

test: test-unit test-contracts test-e2e ## everything

test-unit: setup-tests ## services, SDK and tools, alone and against real parts
	$(RUN) pytest tests --ignore=tests/contracts --ignore=tests/e2e \
	    --numprocesses=4 --dist=loadfile

test-contracts: setup-contracts ## contracts on Ape's test chain
	contracts/.venv/bin/python -m pytest -c contracts/pytest.ini tests/contracts \
	    --numprocesses=2 --dist=loadfile --no-loadscope-reorder

test-invariants: setup-contracts ## the stateful suite, long: 1,000 runs of 100 calls, 333 more with a hostile token
	INVARIANT_RUNS=1000 INVARIANT_DEPTH=100 contracts/.venv/bin/python -m pytest \
	    -c contracts/pytest.ini tests/contracts/invariants

test-mutants: setup-contracts ## show that the stateful suite finds mistakes planted in the contracts
	contracts/.venv/bin/python -m tools.mutants

test-e2e: setup-tests ## the whole grid on loopback, with real Slurm
	$(RUN) pytest tests/e2e --numprocesses=2 --dist=loadfile --no-loadscope-reorder

lint: setup-tests ## ruff, import rules, shellcheck, solhint
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) lint-imports
	shellcheck tools/*.sh .ci/run
	npx --no-install solhint --max-warnings 0 --ignore-path .gitignore 'contracts/**/*.sol'

type: setup ## mypy --strict
	$(RUN) mypy

abi: setup-contracts ## compile the contracts and write the SDK's generated package
	contracts/.venv/bin/python -m tools.abi

analyze: setup-contracts ## slither, against the findings that are explained
	contracts/.venv/bin/python -m tools.analysis

gas: setup ## measure the gas of every call and write docs/gas.md
	$(RUN) python -m tools.gas

bench: bench-render ## measure rendering and the sbatch API over HTTP
	$(RUN) python -m benchmarks.sbatch_api

bench-render: setup ## measure workflows from document to script, a line each
	$(RUN) python -m benchmarks.render

docs: setup ## write the reference pages that are generated from the code
	$(RUN) python -m tools.docs.workflow
	$(RUN) python -m tools.docs.settings

deploy-testnet: setup-contracts ## deploy the grid to deepsquare:testnet: dry run, then for real
	$(APE) run deploy --network deepsquare:testnet

clean: ## remove what the verbs above made in this checkout
	rm -rf .venv contracts/.venv node_modules .cache .build .scratch dist
