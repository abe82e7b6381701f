# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
LONG := (slow or soak or statistical or browser or accelerators or gpu or torch)

.DEFAULT_GOAL := help
.PHONY: help run install test test-long test-processes test-acceptance test-accelerators test-gpu test-slow test-soak test-statistical test-browser test-torch lint paper_fast bench bench-gpu gpu soak clean

help: ## this list
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true  # on all cores; pip would on one
	@touch $@

install: $(VENV)/.installed ## the environment, in .venv

run: install ## the main job: train hundreds of networks, then a report (minutes on two cores)
	$(BIN)/mirrorjax sweep experiment=quickstart

paper_fast: install ## the published network with 32 seeds, checked against the paper (minutes on two cores)
	$(BIN)/mirrorjax sweep experiment=paper_fast

test: install ## what people and CI run (under 8 minutes on two cores)
	$(BIN)/ruff check .
	$(PYTEST) --dist loadscope -m "not $(LONG)"

test-long: install ## CI's second step: faults, the browser, twenty kills
	$(PYTEST) --no-loadscope-reorder -m "(slow or browser or soak) and not (processes or acceptance or accelerators or nightly)"

test-processes: install ## several processes, other numbers of devices, submitit; CI has no room for it
	$(PYTEST) -m processes

test-acceptance: install ## the published figures, with 32 seeds; CI has no room for it
	$(BIN)/python -m pytest -m acceptance

test-accelerators: install ## every shape of the fused kernel, emulated and compiled; every program lowered
	$(PYTEST) -m accelerators

test-gpu: ## the fused kernel on this machine's GPU, with whatever python has JAX for it (PYTHON=...)
	$(PYTHON) -m pytest -m gpu -rs

test-slow: install ## the wheel from outside the checkout, faults, several processes
	$(PYTEST) -m "slow and not (acceptance or accelerators)"

test-soak: install ## of these: twenty kills, then the same as undisturbed
	$(BIN)/python -m pytest -m soak

test-statistical: install ## what needs many samples; CI has no room for it
	$(PYTEST) -m statistical

test-browser: install ## of these: the report in headless Chromium; says so where there is none
	$(PYTEST) -m browser -rs

test-torch: ## networks of PyTorch, with whatever python has it beside this package (PYTHON=...)
	$(PYTHON) -m pytest -m torch -rs

bench: install ## this machine's speed, into benchmarks/ and the README; with peers if the extra `bench` is installed
	$(BIN)/mirrorjax bench --readme README.md

soak: install ## two thousand networks, killed 25 times, against the same undisturbed (half an hour on two cores)
	$(BIN)/python -m tests.soak build/soak

gpu: ## all that a GPU is needed for, at most ten minutes a call: tests, engines, published rate, memory, whole experiments (PYTHON=...)
	PYTHON=$(PYTHON) benchmarks/gpu.sh

bench-gpu: ## the same on a GPU, with whatever python has JAX for it (PYTHON=...)
	$(PYTHON) -m mirrorjax bench --platform gpu

lint: install ## ruff and pyright; CI runs it beside the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

clean: ## removes the environment and caches, never results
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis *.egg-info
