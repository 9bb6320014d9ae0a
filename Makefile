# Two commands for a user: make demo, make test.  The rest is for who works on the code.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
SANDBOX := $(PYTHON) -m lab.sandbox
VENV := .venv/installed
NEUTRON := .venv/neutron/installed
PURE := tests/model tests/flow tests/policy tests/scenarios
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo test quick check coverage bench fuzz audit fmt docs clean install \
	demo-neutron test-neutron-upstream bench-neutron

help: ## say what can be done here
	@awk -F ':.*## ' '/^[a-z-]+:.*##/ { printf "make %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: install ## show the whole on one host, with real traffic; KEEP=1 leaves it up
	@$(PYTHON) -m demo $(if $(KEEP),--keep)

test: install $(NEUTRON) check ## all tests, those on a real switch and a real Neutron included
	@$(SANDBOX) $(PYTHON) -m pytest

quick: $(VENV) check ## the pure layers and the switch in memory, and the checks
	@$(PYTHON) -m pytest -q -n 2 $(PURE)

check: $(VENV) ## format, lint, types, layers, sizes, generated documents
	@.venv/bin/ruff format --check --quiet . || { echo "not formatted: make fmt"; exit 1; }
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/mypy tools/check-sizes
	@.venv/bin/lint-imports | sed -n '/Contracts/,$$p'; exit $${PIPESTATUS[0]}
	@$(PYTHON) tools/check-sizes
	@tools/generate-docs --check

coverage: $(VENV) ## what the tests of the pure layers reach
	@$(PYTHON) -m pytest -q -n 2 -m "not ovs" --cov --cov-report=term-missing

bench: install ## measure; JSON in bench/out, with RECORD=1 in bench/results and the documents too
	@$(SANDBOX) $(PYTHON) -m bench $(BENCH) $(if $(RECORD),--record)
	@$(PYTHON) -m bench.large.plot
	@tools/generate-docs

demo-neutron: install $(NEUTRON) ## the same for OpenStack, through Neutron's API; KEEP=1 leaves it up
	@$(PYTHON) -m demo.neutron $(if $(KEEP),--keep)

test-neutron-upstream: install $(NEUTRON) ## Neutron's own tests of ports and groups, our driver loaded
	@tools/install-neutron-tests
	@$(SANDBOX) .venv/neutron/bin/python -m pytest --rootdir=. \
		--config-file=tests/neutron/upstream/pytest.ini tests/neutron/upstream/classes.py

bench-neutron: install $(NEUTRON) ## measure what goes through Neutron; RECORD=1 as for bench
	@$(SANDBOX) $(PYTHON) -m bench.neutron $(BENCH) $(if $(RECORD),--record)
	@tools/generate-docs

fuzz: $(VENV) ## mutate what comes from outside, for about half an hour; FUZZ="frame --seed 2" for a part
	@nice -n 19 $(PYTHON) -m tools.fuzz $(FUZZ)

audit: ## ask for known vulnerabilities of what packaging/requirements.lock pins
	@tools/lock --audit

fmt: $(VENV) ## format, and mend what can be mended by itself
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

docs: $(VENV) ## renew the generated documents
	@tools/generate-docs

clean: ## remove what the other targets made
	rm -rf .venv build dist bench/out .hypothesis .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .coverage *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

install: $(VENV)
	@tools/install-debian

$(VENV): pyproject.toml tools/constraints.txt
	@tools/install-debian
	@tools/make-venv

$(NEUTRON): $(VENV) pyproject.toml tools/constraints-neutron.txt tools/install-neutron
	@tools/install-neutron
