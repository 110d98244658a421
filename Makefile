# Two commands: `make demo` and `make test`. Each sets up all it needs in .venv; so does `make docs`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DOCS_READY := $(VENV)/docs-ready

.PHONY: demo test lint types unit docs fuzz soak clean

demo: $(READY)
	$(BIN)/edgecnn demo --out demo-out

test: lint types unit

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

unit: $(READY)
	$(BIN)/pytest -n 2 --dist worksteal

# The site, in site/. Strict: a broken link, a docstring that cannot be read, or a page that loads
# anything from elsewhere ends it.
docs: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	! grep -rE '<(script|img|link|iframe)[^>]+(src|href)="?(https?:)?//' site --include='*.html'

fuzz: $(READY)
	$(BIN)/python tests/fuzz_models.py --mutants 100000
	$(BIN)/python tests/fuzz_contracts.py --mutants 20000

# Hours: two million frames, hundreds of ends and outages. Stops at the first that fails.
soak: $(READY)
	for what in ends stalls silence frames; do \
	  PYTHONPATH=tests $(BIN)/python tests/soak/soak_$$what.py || exit 1; \
	done

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[cpu,web,train,dev]"
	touch $@

$(DOCS_READY): $(READY)
	$(BIN)/pip install --quiet -c constraints.txt -e ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) demo-out site build dist
