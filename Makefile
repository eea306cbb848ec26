# From bare python3 (3.11 or newer), make and git. `make help` lists what there is.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PY := .venv/bin/python
ifdef PIP
installer :=
install := $(PY) -m pip install -q --disable-pip-version-check --require-hashes
else
installer := .venv/uv.stamp
install := $(PY) -m uv pip install -q --python $(PY) --require-hashes
endif

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: run
run: .venv/run.stamp .venv/messages.stamp ## Start everything here, with demo data (PORT=8000, DATABASE_URL, REDIS_URL)
	@exec $(PY) -m config.supervisor

.PHONY: manage
manage: .venv/run.stamp .venv/messages.stamp ## Run a command of manage.py on the same data: make manage ARGS="shell"
	@exec $(PY) -m config.supervisor -- $(ARGS)

.PHONY: test
test: .venv/dev.stamp .venv/messages.stamp ## Run all tests on servers of their own (ARGS="tests/promocodes -x")
	@# What is imported is compiled once and kept: tests start dozens of programs.
	@exec env -u PYTHONDONTWRITEBYTECODE $(PY) -m pytest $(or $(ARGS),-n auto --dist worksteal)

.PHONY: lint
lint: .venv/dev.stamp .venv/messages.stamp ## Check style, types, imports, templates, migrations, deployment
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m config.embedded exec --temporary -- env SECRET_KEY=only-for-mypy $(PY) -m mypy .
	$(PY) -c 'from importlinter.cli import lint_imports_command as lint; lint()'
	$(PY) -m djlint --lint --quiet templates
	$(PY) -m config.embedded exec --temporary -- $(deployed) $(PY) manage.py makemigrations --check
	$(PY) -m config.embedded exec --temporary -- $(deployed) $(PY) manage.py check --deploy \
		--fail-level WARNING

# What an operator would set; the key is made up anew each time.
deployed = env SITE_URL=https://sarafan.example ALLOWED_HOSTS=sarafan.example \
	SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))')"

.PHONY: bench
bench: .venv/dev.stamp .venv/messages.stamp ## Measure the rows of the speed table (ARGS="quote --scale 0.1"); needs wrk
	@exec $(PY) -m bench $(ARGS)

.PHONY: lock
lock: .venv/dev.stamp ## Write the hashed requirements anew (UPGRADE=1 takes newer releases)
	cd requirements && $(compile) base.in -o base.txt
	cd requirements && $(compile) local.in -c base.txt -o local.txt
	cd requirements && $(compile) dev.in -c base.txt -c local.txt -o dev.txt
	cd requirements && $(compile) uv.in -c dev.txt -o uv.txt

compile = ../$(PY) -m uv pip compile -q --no-header --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes $(if $(UPGRADE),--upgrade)

.PHONY: messages
messages: .venv/dev.stamp ## Gather the texts to translate into locale/ (needs GNU gettext)
	@$(PY) -m config.embedded exec --temporary -- env SECRET_KEY=only-for-texts $(PY) manage.py \
		makemessages -l ru -l zh_Hans --no-wrap --add-location file --no-obsolete \
		--ignore .venv --ignore tests --ignore bench --ignore staticfiles

.PHONY: openapi
openapi: .venv/dev.stamp .venv/messages.stamp ## Write docs/openapi.json anew from the code
	@$(PY) -m config.embedded exec --temporary -- env SECRET_KEY=only-for-openapi $(PY) manage.py \
		spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

.PHONY: clean
clean: ## Remove what was installed or made, but not the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf staticfiles test-results .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: clean-data
clean-data: ## Remove the data of `make run`
	rm -rf .data

# --- The virtual environment: a stamp for each set of libraries ---------------------------------

# A Python that was upgraded or removed since takes its .venv with it.
$(shell test -x $(PY) || rm -f .venv/*.stamp)

.venv/venv.stamp:
	@python=; for name in "$(PYTHON)" python3.11 python3.12 python3.13; do \
		if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
		then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then \
		echo "Sarafan needs Python 3.11 or newer; $(PYTHON) is: $$("$(PYTHON)" -V 2>&1)."; \
		echo "Install one, or name it: make run PYTHON=/path/to/python3.12"; exit 1; fi; \
	version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "Python's venv module is missing. Install it: sudo apt install python$$version-venv"; \
		exit 1; fi; \
	echo "Making .venv with Python $$version"; "$$python" -m venv --clear .venv
	@touch $@

.venv/uv.stamp: requirements/uv.txt | .venv/venv.stamp
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/run.stamp: requirements/base.txt requirements/local.txt | .venv/venv.stamp $(installer)
	@echo "Installing the libraries (once)"
	@$(install) -r requirements/base.txt -r requirements/local.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/run.stamp | .venv/venv.stamp $(installer)
	@echo "Installing the tools for tests (once)"
	@$(install) -r $<
	@# So that a bare `.venv/bin/pytest` finds the project too.
	@for site in .venv/lib/python*/site-packages; do echo ../../../.. > $$site/project.pth; done
	@touch $@

# Babel's compiler, so that nobody needs GNU gettext to run.
.venv/messages.stamp: $(wildcard locale/*/LC_MESSAGES/django.po) .venv/run.stamp
	@$(PY) -m babel.messages.frontend -q compile -D django -d locale
	@touch $@
