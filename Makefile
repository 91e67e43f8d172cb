# Hromada GIS: everything a person or a CI machine asks of this repository. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON_ENV := .venv/bin
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Extra arguments for the tool behind a target: make test ARGS="-k tiles"
ARGS ?=

.PHONY: help
help:  ## List what can be asked
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- running

.PHONY: run stop setup demo psql shell
run:  ## Set up what is missing and run everything: http://localhost:8000/ (PORT, HOST, DATABASE_URL, DEMO=no)
	@scripts/setup.sh run
	@exec .venv/bin/python scripts/run.py

stop:  ## Stop a program started by `make run` in another terminal
	@.venv/bin/python scripts/run.py --stop

setup:  ## Only set up: system packages, Python, browser code, translations
	@HROMADA_STEPS=5 scripts/setup.sh run

demo: setup  ## Load the demo community anew
	@scripts/cluster.py ensure
	@.venv/bin/python manage.py load_demo $(ARGS)

psql:  ## SQL prompt on the private cluster
	@scripts/cluster.py psql -- $(ARGS)

shell:  ## Django's Python prompt
	@.venv/bin/python manage.py shell

# ---- checking

.PHONY: test soak lint types format bless bench
test:  ## All tests: unit, database, HTTP, browser (ARGS goes to pytest)
	@scripts/setup.sh test
	@scripts/test.sh $(ARGS)

soak:  ## The tests that take long, in full: every hostile file through the whole program, many more kills
	@scripts/setup.sh test
	@HROMADA_SOAK=1 scripts/test.sh -m soak $(ARGS)

lint: dev-setup  ## Style, types and import rules of Python and TypeScript
	ruff check .
	ruff format --check .
	lint-imports --no-cache
	mypy
	mypy scripts
	cd frontend && npm run --silent lint

format: dev-setup  ## Put the code into its standard form
	ruff check --fix .
	ruff format .
	cd frontend && npm run --silent format

bless: dev-setup  ## Accept today's output as the golden files; read the diff before committing
	@HROMADA_BLESS=1 scripts/test.sh $(or $(ARGS),tests/layers)

bench: dev-setup  ## Measure what the README claims; writes var/bench.json
	@unset DATABASE_URL PUBLIC_DATABASE_URL; \
	trap 'scripts/cluster.py stop --profile bench' EXIT; \
	scripts/cluster.py ensure --profile bench; \
	eval "$$(scripts/cluster.py env --profile bench)"; \
	SECRET_KEY=only-for-measuring python -m benchmarks $(ARGS)

# ---- keeping

.PHONY: dev-setup lock messages clean reset
dev-setup:
	@HROMADA_STEPS=5 scripts/setup.sh test

# One resolution for all three: dev is the whole; what runs and what builds are parts of it. Upgrade with
# ARGS="--upgrade" (all) or ARGS="--upgrade-package django". uv is needed only here: pip install uv.
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"
lock:  ## Pin the packages of pyproject.toml anew in requirements/ (needs uv)
	@command -v uv >/dev/null || { echo "uv is missing: pip install uv, then make lock again"; exit 1; }
	$(LOCK) pyproject.toml --group dev -o requirements/dev.txt $(ARGS)
	$(LOCK) pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
	$(LOCK) --group pyproject.toml:build -c requirements/dev.txt -o requirements/build.txt

messages: dev-setup  ## Collect texts to translate into the .po files
	for package in gis_core layers importers frontend; do \
		(cd $$package && django-admin makemessages --locale uk --no-location --ignore 'node_modules/*' --ignore 'src/*'); \
	done

clean:  ## Remove what was built (data and packages stay)
	rm -rf frontend/static/frontend var/browser-code .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -path ./.venv -prune -o -path ./frontend/node_modules -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
	find . -path ./.venv -prune -o -path './*/locale/*' -name '*.mo' -type f -print0 | xargs -0 rm -f

reset:  ## Delete the private database with ALL its data: make reset CONFIRM=yes
	@[ "$(CONFIRM)" = yes ] || { echo "This deletes every layer and user in the private database. If that is meant: make reset CONFIRM=yes"; exit 1; }
	@.venv/bin/python scripts/run.py --stop
	@scripts/cluster.py remove
