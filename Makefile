.DEFAULT_GOAL := help
.PHONY: help demo stop test check soak docs bench lock clean

help:  ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

demo:  ## install keiryo here (in .venv), show it at work on a demonstration State, and serve it
	@scripts/install demo
	@scripts/demo

stop:  ## end the server that `make demo` started
	@scripts/stop

test:  ## install what the tests need and run them, on SQLite and PostgreSQL
	@scripts/install test
	@scripts/test

check:  ## formatting, lint, types, structure, known vulnerabilities
	@scripts/install check
	@scripts/check

soak:  ## the long tests: many more random examples (an hour or so)
	@scripts/install soak
	@scripts/soak

docs:  ## build the documentation into docs/_build/html
	@scripts/install docs
	@.venv/bin/python -m sphinx -q -W --keep-going docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

bench:  ## run the benchmarks
	@scripts/install test
	@scripts/bench

lock:  ## write requirements.lock anew from pyproject.toml (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras \
	    --group build --no-emit-index-url --no-header --upgrade \
	    --output-file requirements.lock pyproject.toml

clean:  ## remove everything that the other commands made
	rm -rf .venv docs/_build build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
