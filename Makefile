# make view            the live window on the built-in scene; make view SOURCE=photo.dng ARGS="--look natural"
# make test            what CI runs: ruff, mypy, pytest
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= panel,video,exr
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Set on the command line: a source for `make view`, further arguments for the command that a target runs.
SOURCE ?=
ARGS ?=
# Processes that run the tests; a file's tests stay in one. `make test WORKERS=0 ARGS="-x --pdb"` debugs.
WORKERS ?= 2
export SOURCE PYTHON

.PHONY: help view test bench clean
help:  ## this list
	@echo "targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

view: $(VENV)/.installed  ## install what is missing and open the live window: make view [SOURCE=photo.dng] [ARGS="--look natural"]
	@tools/system_packages.sh view
	@$(BIN)/groundglass view $${SOURCE:+"$$SOURCE"} $(ARGS)

test: $(VENV)/.installed-test  ## install what the tests need and run ruff, mypy and pytest: make test [ARGS="-k bokeh"]
	@tools/system_packages.sh test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy engine
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

bench: $(VENV)/.installed  ## time each stage on this machine: make bench [ARGS="--device opencl:0"]
	@tools/system_packages.sh view
	@$(BIN)/groundglass bench $(ARGS)

clean:  ## remove the environment, what was built, and all caches
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache view.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps lie inside the environment and so vanish with it. The package is installed editable: edits need no reinstall.
$(VENV)/.installed: setup.cfg pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh
	@echo "pip: groundglass[$(EXTRAS)] into $(VENV) (some minutes the first time)"
	@$(PIP_INSTALL) --editable '.[$(EXTRAS)]'
	@touch $@

$(VENV)/.installed-test: setup.cfg pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh
	@echo "pip: groundglass[test] into $(VENV) (some minutes the first time)"
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $@
