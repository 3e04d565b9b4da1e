# `make demo` and `make test` each make the environment they need; nothing else has to be set up.
# Another interpreter: `make test PYTHON=python3.12`. Some of the tests: `make test ARGS=tests/hardware/test_bus.py`.

PYTHON ?= python3
VENV ?= .venv
DEMO ?= .venv-demo
LOWEST ?= .venv-lowest
ARGS ?=
DATA ?=

PY := $(VENV)/bin/python
PLUGINS := $(patsubst %/pyproject.toml,%,$(sort $(wildcard plugins/*/pyproject.toml)))
SCRIPTS := simres/reporting/html/script tests/reporting/html
BIOME := @biomejs/biome@2.6.8
MANIFESTS := pyproject.toml $(addsuffix /pyproject.toml,$(PLUGINS))

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help demo test test-lowest lint lint-scripts docs docs-check validation bench clean

help: ## Say what there is to make.
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "make %-12s %s\n", $$1, $$2 }'

demo: $(DEMO)/installed ## The paper's spreadsheet replayed, then the network it was meant to describe.
	@$(DEMO)/bin/simres simulate scenarios/paper.yaml
	@echo
	@$(DEMO)/bin/simres simulate scenarios/resnet20.yaml --timeline
	@echo
	@echo '18 times apart, on one chip: the sheet counts each multiply-accumulate four times, has the host do the'
	@echo 'convolutions again, and spills five maps that are not there. docs/paper.md tells it in full.'
	@echo
	@echo 'Next:'
	@echo '  $(DEMO)/bin/simres simulate scenarios/resnet20.yaml --set hardware.ddr.bandwidth="4 GB/s"'
	@echo '  $(DEMO)/bin/simres examples             what else comes with simres'
	@echo '  $(DEMO)/bin/simres init mine            a scenario of your own, with comments'

test: $(VENV)/installed ## All tests, those of the plugins included.
	$(PY) -m pytest -n 2 --dist worksteal $(ARGS)

test-lowest: $(LOWEST)/installed ## The quick tests with the lowest version of each dependency that is allowed.
	$(LOWEST)/bin/python -m pytest -n 2 --dist worksteal -m 'not slow and not torch and not exhaustive' $(ARGS)

lint: $(VENV)/installed ## Style, types, the one direction of imports, and the scripts of the HTML report.
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	@$(MAKE) --no-print-directory lint-scripts

lint-scripts: ## The scripts of the HTML report, where there is Node.
	@if npx --yes $(BIOME) --version >/dev/null 2>&1; then npx --yes $(BIOME) check --config-path=.ci $(SCRIPTS); \
	else echo 'not checked: the scripts of the HTML report; npx cannot get $(BIOME) here' >&2; fi

docs: $(VENV)/installed ## The documentation, into site/; its generated pages are written anew.
	$(PY) docs/generate.py
	$(PY) -m mkdocs build --strict --quiet

docs-check: $(VENV)/installed ## Fail when a generated page differs from the code.
	$(PY) docs/generate.py --check

validation: $(VENV)/installed ## docs/validation.md; with DATA=DIR its measured chips, too, from that folder.
	$(PY) benchmarks/validation.py $(if $(DATA),--data "$(DATA)")

bench: $(VENV)/installed ## The published figures, measured here.
	$(PY) benchmarks/startup.py
	$(PY) benchmarks/engine.py
	$(PY) benchmarks/bus.py
	$(PY) benchmarks/plugins.py
	$(PY) benchmarks/systolic.py
	$(PY) benchmarks/dram.py
	$(PY) benchmarks/scheduling.py
	$(PY) benchmarks/report.py
	$(PY) benchmarks/view.py
	$(PY) benchmarks/sweep.py --points 1000 --alone
	$(PY) benchmarks/streams.py
	$(PY) benchmarks/monotone.py --quick

clean: ## Remove what can be made again, but for .venv.
	rm -rf $(DEMO) $(LOWEST) build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/installed: $(MANIFESTS)
	$(call environment,$(VENV))
	$(PY) -m pip install -qq -e '.[torch,dev]' $(addprefix -e ./,$(PLUGINS))
	@$(PY) -m compileall -q simres
	@touch $@

$(LOWEST)/installed: $(MANIFESTS)
	$(call environment,$(LOWEST))
	$(LOWEST)/bin/python -m pip install -qq 'uv>=0.5'
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
		-e '.[quick-tests]' $(addprefix -e ./,$(PLUGINS))
	@$(LOWEST)/bin/python -m compileall -q simres
	@touch $@

$(DEMO)/installed: pyproject.toml
	$(call environment,$(DEMO))
	$(DEMO)/bin/python -m pip install -qq -e .
	@$(DEMO)/bin/python -m compileall -q simres
	@touch $@

define environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'simres needs Python 3.11 or newer, and `$(PYTHON)` is none; try `make $(MAKECMDGOALS) PYTHON=python3.12`' >&2; exit 1; }
@$(1)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(1) || { \
	echo 'could not make $(1); on Debian and Ubuntu, `apt install python3-venv` brings what is missing' >&2; exit 1; }
endef
