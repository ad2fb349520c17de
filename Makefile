# Two commands on a fresh machine: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
PINS := requirements/install.txt
digest = $(shell $(PYTHON) -c 'import fileinput, hashlib; print(hashlib.sha256(b"".join(fileinput.input(mode="rb"))).hexdigest()[:16])' $(1))
# Named after what it was made from: the age of a file says nothing after a checkout.
STAMP := $(VENV)/.installed-$(call digest,pyproject.toml $(PINS))
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
KEPT := web/node_modules/.package-lock.json

.DELETE_ON_ERROR:
.PHONY: install demo test docs check-api samples sbom pins bench-measurement bench-alerts bench-speed

install: $(STAMP) $(KEPT)

$(STAMP):
	$(PYTHON) -m venv $(VENV)
	$(PIP) --no-deps --require-hashes -r $(PINS)
	$(PIP) --no-deps --no-build-isolation -e .
	rm -f $(VENV)/.installed* && touch $@

# Node comes from a wheel if the machine has none. Without the library the server draws the charts.
$(KEPT): web/package.json web/package-lock.json $(STAMP)
	command -v npm >/dev/null || $(PIP) --no-deps --require-hashes -r requirements/node.txt
	PATH="$$PATH:$(CURDIR)/$(VENV)/bin" npm ci --prefix web --fetch-retries=1 && touch $@ \
		|| echo "uPlot was not installed; charts stay as the server draws them"

demo: install
	$(VENV)/bin/afterglow demo

test: install
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/pytest

samples: install
	$(VENV)/bin/python -m sample_images

# Tools of their own folder, so that they stay out of what they list.
TOOLS := $(VENV)/tools
TOOLS_STAMP := $(TOOLS)/.installed-$(call digest,requirements/tools.txt)
$(TOOLS_STAMP): $(STAMP)
	$(PYTHON) -m venv --clear $(TOOLS)
	$(TOOLS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/tools.txt
	touch $@

# What is installed, by name, version and licence (CycloneDX).
sbom: install $(TOOLS_STAMP)
	$(TOOLS)/bin/cyclonedx-py environment $(VENV) --pyproject pyproject.toml --output-file sbom.json

# The documents as a site in build/docs, which a browser opens from the disk. A broken link fails.
DOCS := $(VENV)/docs
DOCS_STAMP := $(DOCS)/.installed-$(call digest,requirements/docs.txt)
$(DOCS_STAMP): $(STAMP)
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/docs.txt
	touch $@

docs: $(DOCS_STAMP)
	$(DOCS)/bin/python -m mkdocs build --quiet --strict
	@echo "open build/docs/index.html; to search in it: python3 -m http.server -b 127.0.0.1 -d build/docs 8080"

# Attacks the HTTP API of a throwaway clinic: a minute on two free cores.
ATTACK := $(VENV)/attack
ATTACK_STAMP := $(ATTACK)/.installed-$(call digest,requirements/attack.txt)
$(ATTACK_STAMP): $(STAMP)
	$(PYTHON) -m venv --clear $(ATTACK)
	$(ATTACK)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/attack.txt
	touch $@

check-api: $(ATTACK_STAMP)
	$(VENV)/bin/python -m tests.benchmarks.api --tool $(ATTACK)/bin/schemathesis

# Renews the pins where pyproject.toml needs it; with UPGRADE=--upgrade all of them.
PIN := $(TOOLS)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate $(UPGRADE)
pins: $(TOOLS_STAMP)
	$(PIN) pyproject.toml --extra dev -o $(PINS) >/dev/null
	$(PIN) pyproject.toml --extra cluster --extra store --group build -c $(PINS) \
		-o requirements/run.txt >/dev/null
	$(PIN) --group pyproject.toml:node -o requirements/node.txt >/dev/null
	$(PIN) --group pyproject.toml:tools -o requirements/tools.txt >/dev/null
	$(PIN) --group pyproject.toml:attack -o requirements/attack.txt >/dev/null
	$(PIN) --group pyproject.toml:docs -o requirements/docs.txt >/dev/null

# Some eight minutes on two free cores. SPECTRA=file.csv and FACES=folder each add a table.
bench-measurement: install
	$(VENV)/bin/python -m tests.benchmarks.measurement --write \
		$(if $(SPECTRA),--spectra $(SPECTRA)) $(if $(FACES),--faces $(FACES))

# Some minutes on two free cores.
bench-alerts: install
	$(VENV)/bin/python -m tests.benchmarks.alerts --write

# Some minutes on a free core.
bench-speed: install
	$(VENV)/bin/python -m tests.benchmarks.speed --write
