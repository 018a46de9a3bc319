# Two commands on a fresh machine: `make demo` and `make test`. Everything they need is installed by this file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help constraints docs demo reference grid test test-all test-slurm canary fuzz coverage check wheel browser bench-encode bench-mining bench-layers bench-predict bench-diff bench-site check-tatoeba check-bucc screenshot clean

help: ## List what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: $(VENV)/.installed-demo ## Evaluate the bundled encoder at four sizes and build the site, offline
	$(BIN)/stiltboard demo

test: $(VENV)/.installed-test browser ## Run the tests (about nine minutes on two cores)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow"

test-all: $(VENV)/.installed-test browser ## Run the slow lanes too
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slurm"

test-slurm: $(VENV)/.installed-test ## Try the files for clusters under a Slurm of one node: apt-get install slurm-wlm munge
	$(BIN)/python -m pytest -n 0 -m slurm

canary: $(VENV)/.installed-test ## Store the scores of the bundled encoder that the tests compare, and print what changed
	$(BIN)/python -m tests.canary.renew

fuzz: $(VENV)/.installed-test ## Ten minutes of new broken files of each kind that strangers send; SECONDS=600 LANE=trees
	STILTBOARD_FUZZ_SECONDS=$(or $(SECONDS),600) $(BIN)/python -m pytest -n 0 -m slow tests/fuzz $(if $(LANE),-k $(LANE))

coverage: $(VENV)/.installed-test browser ## Branch coverage of the tests, by module, with the lines that no test runs
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not slow" --cov --cov-report=term-missing:skip-covered --cov-report=html:build/coverage

check: $(VENV)/.installed-test ## Lint, types, import contracts, workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/zizmor --quiet --offline --pedantic --strict-collection .github action.yml

bench-encode: $(VENV)/.installed-bench ## Encoding against sentence-transformers; DATA=folder of raw layouts
	$(BIN)/python benchmarks/encode.py $(if $(DATA),--data $(DATA))

bench-mining: $(VENV)/.installed-bench ## Nearest neighbours both ways against faiss searched twice; DATA=folder of raw layouts
	$(BIN)/python benchmarks/mining.py $(if $(DATA),--data $(DATA))

bench-layers: $(VENV)/.installed-bench ## What every layer costs beside one; DATA=folder of raw layouts
	$(BIN)/python benchmarks/layers.py $(if $(DATA),--data $(DATA))

bench-predict: $(VENV)/.installed-bench ## Heads against a plain Trainer.predict; DATA=folder of raw layouts
	$(BIN)/python benchmarks/predict.py --data $(DATA)

bench-diff: $(VENV)/.installed-test ## Two submissions of nine targets compared from a cold start, against a plain loop
	$(BIN)/python benchmarks/diff.py

bench-site: $(VENV)/.installed-test ## The site of thousands of synthetic submissions against parsing their YAML alone; SUBMISSIONS=1000
	$(BIN)/python benchmarks/site.py --submissions $(or $(SUBMISSIONS),1000)

check-tatoeba: $(VENV)/.installed-demo ## Recompute published and stored Tatoeba scores; DATA=folder of raw layouts
	$(BIN)/python benchmarks/check_tatoeba.py --data $(DATA)

check-bucc: $(VENV)/.installed-demo ## Recompute BUCC zh-en dev, twice; DATA=folder of raw layouts
	$(BIN)/python -m benchmarks.check_bucc --data $(DATA)

# Depth by depth, so that what was measured is whole at any time; whatever is there already is skipped.
reference: $(VENV)/.installed-demo ## Train and evaluate the reference experiment, hours on two cores; DATA=folder of raw layouts
	for depth in 6 4 8 2 10 12; do \
	  $(BIN)/stiltboard train experiments/reference/sts-*.yaml --layers $$depth --data $(DATA) \
	  && $(BIN)/stiltboard evaluate me5-small-l$$depth me5-small-l$$depth-sts-english me5-small-l$$depth-sts-multilingual -t tatoeba -t xquad_r --data $(DATA) \
	  || exit 1; \
	done
	for depth in 8 4 12; do \
	  $(BIN)/stiltboard train experiments/reference/nli-*.yaml --layers $$depth --data $(DATA) \
	  && $(BIN)/stiltboard evaluate me5-small-l$$depth-nli-english me5-small-l$$depth-nli-multilingual -t tatoeba -t xquad_r --data $(DATA) \
	  || exit 1; \
	done

# STAGE=a, b, c, d or untouched; all of them without it. What is finished is skipped, what was interrupted goes on.
grid: $(VENV)/.installed-demo ## Run the second reference experiment, days on two cores; DATA=folder of raw layouts
	$(BIN)/python -m experiments.reference.grid --data $(DATA) $(if $(STAGE),--stage $(STAGE))

constraints: $(VENV)/bin/python ## Write constraints.txt again for all extras and systems; UPGRADE=1 takes the newest versions
	$(BIN)/python -m pip install --disable-pip-version-check --quiet uv
	$(BIN)/uv pip compile --quiet pyproject.toml --all-extras --universal --python-version 3.11 --no-annotate --custom-compile-command "make constraints" $(if $(UPGRADE),--upgrade) --output-file constraints.txt

docs: $(VENV)/.installed-docs ## Build the documentation's site in build/docs; a broken link or reference is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

wheel: $(VENV)/bin/python ## Build the wheel, install it alone in an empty environment, and run what needs no checkout
	rm -rf dist build/wheel && $(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m venv build/wheel/venv && build/wheel/venv/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	cd build/wheel && venv/bin/stiltboard --version && venv/bin/stiltboard new tried && venv/bin/stiltboard targets >targets.txt \
	&& venv/bin/stiltboard build --submissions $(CURDIR)/submissions --out public

screenshot: $(VENV)/.installed-test browser ## Take the README's picture of the front page
	$(BIN)/stiltboard build
	$(BIN)/python docs/screenshot.py public/index.html docs/front-page.png

clean: ## Remove what was installed and built
	rm -rf $(VENV) public demo build dist

# Debian's python3 comes without ensurepip; install it where that is allowed.
$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); apt-get update -qq && apt-get install -y -qq python3-venv && $(PYTHON) -m venv $(VENV); }

$(VENV)/.installed-%: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[$*]'
	@touch $@

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-core fonts-noto-cjk; } \
	|| { echo "The browser tests need Chromium: install it with your system's package manager." >&2; exit 1; }
