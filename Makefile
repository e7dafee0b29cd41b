# Two commands matter: `make demo` to see it, `make test` to trust it.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
ROOMS  := schemas secretariat notifications flows

.PHONY: demo test check audit simulation mutants fuzz long bench lock fmt schema messages pages docs debian clean

demo: $(VENV)/.run
	@$(BIN)/secretariat demo

test: $(VENV)/.dev debian check docs
	$(BIN)/pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m secretariat.messages check
	@find $(VENV)/.audited -mtime +0 -delete 2>/dev/null || true
	@$(MAKE) -s $(VENV)/.audited

# Known holes in what we install, asked of the internet. ANSWER is there once it was asked, and has
# them; pip-audit ends alike where there are holes and where nobody can be asked.
ANSWER := $(VENV)/audit/answer.md
audit: $(VENV)/.uv requirements-audit.lock
	@test -x $(VENV)/audit/bin/python || $(BIN)/uv venv -q $(VENV)/audit
	@$(BIN)/uv pip install -q --python $(VENV)/audit/bin/python --require-hashes -r requirements-audit.lock
	@rm -f $(ANSWER)
	@$(VENV)/audit/bin/pip-audit --strict --timeout 3 --progress-spinner off -f markdown -o $(ANSWER) \
	  --disable-pip --require-hashes -r requirements.lock

# As audit, at most once a day; without internet the rest is checked, and it is said that this was not.
$(VENV)/.audited: requirements.lock
	@$(MAKE) -s audit 2>$(VENV)/audit.log || { test ! -s $(ANSWER) || { cat $(ANSWER); exit 1; }; \
	  echo "Not audited for known holes: nobody could be asked ($(VENV)/audit.log)."; }
	@touch $@

fmt: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Two thousand worlds of ninety days, where `make test` lives fifty of them.
simulation: $(VENV)/.dev
	SEEDS=2000 $(BIN)/pytest tests/test_simulation.py --dist load

# Would the tests notice if the code were wrong? Each module is tried by the tests named after it, on
# SQLite and without those that replay a year, so that a change takes seconds.
MUTATED  := ownership ladder ledger links claims outbox
TOO_SLOW := postgresql or replayed_year or forged_year or every_mail or old_copy or mistyped or names_nobody
mutants: $(VENV)/.mutants
	for module in $(MUTATED); do PYTEST_ADDOPTS="-k 'test_$$module and not ($(TOO_SLOW))'" \
	  $(BIN)/mutmut run "*.$$module.*" || exit 1; done
	$(BIN)/mutmut results

# What strangers send us, in every wrong form, a minute for each reader.
fuzz: $(VENV)/.mutants
	for reader in mail workbook sheet csv; do $(BIN)/python -m tests.fuzz $$reader 60 || exit 1; done

# What takes minutes more: two machines, Prefect away, and on PostgreSQL what `make test` leaves out.
long: $(VENV)/.dev debian
	$(BIN)/pytest -m long

# The documentation as a site, in site/; a link that leads nowhere fails.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs -q build --strict

# Ratios against a peer in the same run; no part of the tests. Wants a machine with nothing to do.
RACES := reading draining killed latency timers composing worlds boards workflows ledgers footprints backups \
  decades
bench: $(VENV)/.bench
	@failed=; for race in $(RACES); do \
	  $(BIN)/python -m benchmarks.$$race || failed="$$failed $$race"; done; \
	$(BIN)/python -m benchmarks.report > docs/benchmarks.md; \
	test -z "$$failed" || { echo "Not as fast as wanted:$$failed"; exit 1; }

$(VENV)/.mutants: $(VENV)/.dev requirements-mutants.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-mutants.lock
	@touch $@

# Of Debian's postfix and wrk only the programs are run, so they are unpacked and nothing is set up.
$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@command -v smtp-source >/dev/null || $(call unpacked,postfix,postfix)
	@command -v wrk >/dev/null || $(call unpacked,wrk,wrk libluajit-5.1-2)
	@touch $@

unpacked = { mkdir -p $(VENV)/$(1) && cd $(VENV)/$(1) && \
	  apt-get -qq -o APT::Sandbox::User=$$(id -un) download $(2) && \
	  for package in *.deb; do dpkg -x $$package . && rm $$package; done; }

# What an editor needs to complete a programme file.
schema: $(VENV)/.run
	$(BIN)/python -m schemas.programme > schemas/programme.schema.json

# Take new texts into the catalogues of every language, and old ones out.
messages: $(VENV)/.run
	$(BIN)/python -m secretariat.messages update

# The pages of docs/ that come from the code and its tables.
pages: $(VENV)/.dev
	$(BIN)/python -m docs.printing

# The only target that resolves versions; every install takes exactly what these files name.
# atheris 3.1 has nothing for Python 3.11.
LOCK := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
  --no-annotate --no-emit-index-url
lock: $(VENV)/.uv
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(LOCK) --extra scale -c requirements.lock pyproject.toml -o requirements-scale.lock
	$(LOCK) --group bench -c requirements-dev.lock -o requirements-bench.lock
	printf 'mutmut\natheris<3.1\n' | $(LOCK) -c requirements-dev.lock - -o requirements-mutants.lock
	echo 'mkdocs-material' | $(LOCK) -c requirements-dev.lock - -o requirements-docs.lock
	echo 'pip-audit' | $(LOCK) --upgrade - -o requirements-audit.lock
	echo 'uv' | $(LOCK) --upgrade - -o requirements-uv.lock

# uv installs the lock in seconds where pip takes half a minute; pip brings uv. What is installed is
# compiled, too: a service that may write nothing there would do so at every start, and flow.
$(VENV)/.uv: requirements-uv.lock
	@echo "Making the Python environment in $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements.lock pyproject.toml
	@echo "Installing what secretariat needs (about 100 packages) …"
	@test -e $(VENV)/.dev || $(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@test -e $(VENV)/.dev || $(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(ROOMS)
	@touch $@

$(VENV)/.dev: $(VENV)/.uv requirements-dev.lock pyproject.toml
	@echo "Installing what the tests need …"
	@$(BIN)/uv pip install --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(ROOMS)
	@touch $(VENV)/.run $@

$(VENV)/.docs: $(VENV)/.dev requirements-docs.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements-docs.lock
	@touch $@

# Chromium looks at the board, SpamAssassin at the mails, strace at what is written to the disk:
# Debian's and Ubuntu's, found or installed.
debian:
	@wanted=""; \
	  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || wanted="chromium"; \
	  command -v spamassassin >/dev/null || wanted="$$wanted spamassassin"; \
	  command -v strace >/dev/null || wanted="$$wanted strace"; \
	  test -z "$$wanted" || \
	  { echo "Installing what tests need:$$wanted …"; \
	    $$(test "$$(id -u)" = 0 || echo sudo) env DEBIAN_FRONTEND=noninteractive sh -c \
	      "apt-get update -qq && apt-get install -y -qq --no-install-recommends $$wanted" >/dev/null; } || \
	  { echo "Tests need these packages: install$$wanted and run make test again."; exit 1; }

clean:
	rm -rf $(VENV) data site mutants
