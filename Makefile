# make view            the live window on the built-in scene; make view SOURCE=photo.dng ARGS="--look natural"
# make test            what CI runs: ruff, mypy, pytest
.DEFAULT_GOAL := help
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
EXTRAS ?= panel,video,exr
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Set on the command line: a source for `make view`, and further arguments for the target's command.
SOURCE ?=
ARGS ?=
# Number of test processes, one more than cores: many tests wait. One process runs all tests of a file.
# They occupy the processor: NumPy adds no threads. `make test WORKERS=0 ARGS="-x --pdb"` debugs.
WORKERS ?= 3
PYTEST = PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
export SOURCE PYTHON

.PHONY: help view test fuzz faults cameras batch browser bench docs pictures clean
help:  ## list the targets
	@echo "targets:"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|' 2>/dev/null \
		|| sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1: \2/p' $(MAKEFILE_LIST)

view: $(VENV)/.installed  ## install what is missing and open the live window: make view [SOURCE=photo.dng] [ARGS="--look natural"]
	@tools/system_packages.sh view
	@$(BIN)/groundglass view $${SOURCE:+"$$SOURCE"} $(ARGS)

# mypy runs beside the packages' installation and the first tests; its result follows pytest's. Both must pass.
# Test processes start many others: those find the modules compiled, whatever the environment says.
test: $(VENV)/.installed-test  ## install what the tests need and run ruff, mypy and pytest: make test [ARGS="-k bokeh"]
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/mypy engine >$(VENV)/mypy.txt 2>&1 & mypy=$$!; \
	tools/system_packages.sh test && $(PYTEST) $(ARGS); tests=$$?; \
	wait $$mypy; types=$$?; \
	echo "mypy engine"; cat $(VENV)/mypy.txt; \
	exit $$((tests ? tests : types))

fuzz: $(VENV)/.installed-test  ## read changed inputs of every parser at length: make fuzz [ARGS="--minutes 10 --parser look"]
	@PYTHONPATH=tests/fuzz:tests/support $(BIN)/python tests/fuzz/fuzz_run.py $(ARGS)

faults: $(VENV)/.installed-test  ## end the viewer and fill its disk at random moments: make faults [ARGS="--kind disk --cases 50"]
	@$(BIN)/python tests/faults/faults_run.py $(ARGS)

cameras: $(VENV)/.installed-test  ## measure live cameras and streams without hardware: make cameras [ARGS="streams closing"]
	@PYTHONPATH=tests/cameras:tests/faults:tests/support $(BIN)/python tests/cameras/cameras_run.py $(ARGS)

batch: $(VENV)/.installed-test  ## measure batches of pictures, killed, resumed and on a cluster: make batch [ARGS="--pictures 200 throughput"]
	@PYTHONPATH=tests/batch:tests/support $(BIN)/python tests/batch/batch_run.py $(ARGS)

browser: $(VENV)/.installed-test  ## measure the viewfinder in headless Chromium: make browser [ARGS="h264 --seconds 30"]
	@tools/system_packages.sh test
	@PYTHONPATH=tests/browser:tests/support $(BIN)/python tests/browser/browser_run.py $(ARGS)

bench: $(VENV)/.installed  ## time each stage on this machine: make bench [ARGS="--device opencl:0"]
	@tools/system_packages.sh view
	@$(BIN)/groundglass bench $(ARGS)

docs: $(VENV)/.installed-docs  ## build the documentation as a website that opens without a network: make docs, then site/index.html
	@PYTHONPATH=tools $(BIN)/python -m docs_site $(ARGS)

pictures: $(VENV)/.installed-test  ## render the pictures of README and docs again: make pictures [ARGS="looks lenses"]
	@tools/system_packages.sh test
	@$(BIN)/python tools/docs_pictures.py $(ARGS)

clean:  ## remove the environment, build results and caches
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache view.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are in the environment and vanish with it. The installation is editable: edits need no reinstallation.
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

$(VENV)/.installed-docs: setup.cfg pyproject.toml tools/make_venv.sh
	@tools/make_venv.sh
	@echo "pip: groundglass[docs] into $(VENV) (some minutes the first time)"
	@$(PIP_INSTALL) --editable '.[docs]'
	@touch $@
