# Thin names for `python -m analysis COMMAND`; pixi.toml offers the same ones.
# Each sets the project up first. Options go in ARGS: make sample ARGS="3.2 --panel official"

# Another interpreter, tried before those found on PATH: make PYTHON=/path/to/python3.13
PYTHON ?=
ARGS ?=

VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/set-up
# On every core, the longest tests first (tests/conftest.py), the others in their order; a core that
# is done takes half of what another has left.
PYTEST := $(RUN) -m pytest --numprocesses auto --dist worksteal
# The project itself, for the script `reanalysis`: from this folder alone.
IN_PLACE := --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .

COMMANDS := panel fingerprints reconstruct reconstruct-ensemble reconstruct-bounds replicate \
            gmm-grid dynamic simulate sample prior-summary describe-model diagnose check sensitivity \
            influence power recover multiverse calibrate compare audit decompose claims report \
            status figures reproduce benchmark candidates last-two table scale-sweep editions \
            horizon first-edition false-findings imputation-study imputation-outcome thin hypothesis \
            study release

.PHONY: help setup test trust lint $(COMMANDS)

help: ## List the tasks
	@echo "make setup        install the pinned dependencies into $(VENV) (every other task does so first)"
	@echo "make reproduce    run the main job: replicate, sample, compare, judge, report"
	@echo "make test         run the tests"
	@echo "make trust        run the long checks (an hour or more)"
	@echo "make lint         check format and style"
	@echo "Also: make $(filter-out reproduce,$(COMMANDS))"

setup: $(READY)

# The stamp is written last: a set-up that was cut short starts over.
# Each candidate is run before it is believed: a version manager's stand-in may exist and yet fail,
# while an interpreter that works lies further down PATH; and some lack venv or ensurepip.
$(READY): requirements.lock
	@trap 'rm -rf $(VENV); exit 130' HUP INT TERM; \
	rm -rf $(VENV); \
	usable() { "$$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 12))' \
	    </dev/null >/dev/null 2>&1; }; \
	found=; \
	if [ -n "$(PYTHON)" ] && usable "$(PYTHON)"; then found="$(PYTHON)"; fi; \
	for name in python3 python3.13 python3.12; do \
	    IFS=:; for folder in $$PATH; do \
	        if [ -z "$$found" ] && [ -x "$$folder/$$name" ] && usable "$$folder/$$name"; then \
	            found="$$folder/$$name"; fi; \
	    done; unset IFS; \
	done; \
	say() { echo "Installing the pinned dependencies into $(VENV): a few minutes, once."; }; \
	if [ -n "$$found" ]; then \
	    say && "$$found" -m venv $(VENV) && \
	    $(RUN) -m pip install -qq --disable-pip-version-check --require-hashes \
	        -r requirements.lock && \
	    $(RUN) -m pip install -qq --disable-pip-version-check $(IN_PLACE); \
	elif command -v uv >/dev/null 2>&1; then \
	    say && uv venv --quiet --python 3.13 $(VENV) && \
	    uv pip install --quiet --python $(RUN) --require-hashes -r requirements.lock && \
	    uv pip install --quiet --python $(RUN) $(IN_PLACE); \
	else \
	    echo "Python 3.12 or newer (with its venv module) or uv is missing:" \
	        "install one, or name an interpreter with make PYTHON=/path/to/python3." >&2; \
	    exit 1; \
	fi || { rm -rf $(VENV); exit 1; }
	@touch $@

$(COMMANDS): $(READY)
	$(RUN) -m analysis $@ $(ARGS)

test: $(READY)
	$(PYTEST) $(ARGS)

trust: $(READY)
	$(PYTEST) -m trust $(ARGS)

lint: $(READY)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
