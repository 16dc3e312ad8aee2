# `make` lists the commands. Set-up runs once and again only when what it depends on has changed.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
TORCH_CPU := https://download.pytorch.org/whl/cpu
BINDER := .venv-binder/share/jupyter/kernels/binder/kernel.json
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUTF8 := 1

.DEFAULT_GOAL := help
.PHONY: help setup web widgets book serve notebooks check test test-code test-labs sweep bench lock clean

help: ## list the commands
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: .venv/.ready ## set up .venv with everything the course needs

.venv/.ready: requirements.txt pyproject.toml
	@echo "==> Setting up .venv (once; about two minutes)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
		echo "Install one from https://www.python.org, then: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo "Python's venv module is missing; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv
	@echo "==> Installing torch, CPU build where there is one"
	@$(BIN)/python -m pip install --quiet --no-deps --extra-index-url $(TORCH_CPU) "$$(grep '^torch==' requirements.txt)"
	@echo "==> Installing requirements.txt"
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

web: web/dist/.ready ## build what the page runs: its parts, fonts, icons

IMAGE_VAE := code/latentlab/data/image_vae/diffusion_pytorch_model.safetensors

_build/models/decoder.onnx: .venv/.ready code/latentlab/export_image_vae.py $(IMAGE_VAE)
	@echo "==> Exporting the image VAE for the page"
	@$(BIN)/python -m latentlab.export_image_vae $(@D)

web/dist/.ready: .venv/.ready _build/models/decoder.onnx web/package-lock.json $(filter-out web/dist/% web/node_modules/%,$(wildcard web/*.mjs web/*/*)) \
		code/latentlab/figure.css code/latentlab/stated_shapes.py code/latentlab/exercise.py
	@echo "==> Building web/dist"
	@cd web && npm ci --no-audit --no-fund --silent && npm run --silent build
	@touch $@

widgets: web ## store in latentlab the parts that also work in notebooks, where there is no Node
	@cp web/dist/parts/shape-tracer.mjs web/dist/parts/question.mjs code/latentlab/parts/

book: setup web ## build the book into _build/html, warnings as errors
	@echo "==> Building the book"
	@mkdir -p _build
	@$(BIN)/jupyter-book build . --warningiserror --nitpick --keep-going --quiet > _build/log 2>&1 \
		|| { grep -v '^$$' _build/log; exit 1; }
	@$(BIN)/python -m takeaway
	@echo "    in _build/html/index.html"

serve: book ## build the book and serve it on this machine
	@$(BIN)/python tools/serve.py --port $(PORT)

notebooks: setup ## execute every lab and store its outputs
	@$(BIN)/python tools/notebooks.py

check: book ## the quick tests: style, types, code, notebooks' form
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@cd web && npm run --silent check
	@$(BIN)/pytest -m "not slow"

test: book $(BINDER) ## everything: also executes each lab and opens the book in Chromium
	@echo "==> Looking for a Chromium"
	@$(BIN)/python tools/chromium.py
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@echo "==> Checking the types of the page's modules, and their unit tests"
	@cd web && npm run --silent check
	@echo "==> Testing code and pages, and beside that executing the labs, whose report comes last"
	@$(MAKE) --no-print-directory --keep-going --jobs=2 test-code test-labs; \
		failed=$$?; cat _build/labs.log; exit $$failed

test-code:
	@$(BIN)/pytest --ignore=tests/test_launch.py

# Each lab twice: with what Binder installs, where its outputs must be those stored, and as on Colab.
test-labs:
	@JUPYTER_PATH=$(CURDIR)/.venv-binder/share/jupyter $(BIN)/pytest tests/test_launch.py labs \
		--nbval --nbval-kernel-name=binder --nbval-sanitize-with=tests/nbval-sanitize.cfg > _build/labs.log 2>&1

$(BINDER): .venv/.ready binder/requirements.txt
	@echo "==> Setting up .venv-binder, what Binder would install (about a minute)"
	@rm -rf .venv-binder
	@$(PYTHON) -m venv .venv-binder
	@.venv-binder/bin/python -m pip install --quiet --retries 1 --requirement binder/requirements.txt ipykernel
	@.venv-binder/bin/python -m ipykernel install --prefix=.venv-binder --name=binder --display-name=Binder > /dev/null

sweep: setup ## hold the atlas to the real classes on many more requests
	@ATLAS_REQUESTS=$(or $(REQUESTS),150) $(BIN)/pytest tests/test_atlas.py -k class_does

bench: setup ## measure the video VAE on this machine, for the book (half an hour)
	@$(BIN)/python -m latentlab.report_speed code/latentlab/data/speed

lock: setup ## compile requirements.txt from the ranges in pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras pyproject.toml \
		--custom-compile-command "make lock" --output-file requirements.txt

clean: ## remove what the other commands have made
	rm -rf .venv .venv-binder _build web/dist web/node_modules
