# stf2m_ros. `make help` tells what there is; `make demo` and `make test` set up everything that they need.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for p in python3.11 python3.12 python3.10 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
# Everything below runs with both packages on the path, as after `source install/setup.bash`.
WITH_ROS := export PATH="$(BIN):$$PATH" VIRTUAL_ENV="$(CURDIR)/$(VENV)"; set +u; source install/setup.bash; set -u;

# A ROS of the machine, sourced in this shell, must not mix with the one in the environment.
unexport PYTHONPATH LD_LIBRARY_PATH AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH RMW_IMPLEMENTATION
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

VIDEO ?=
TRANSCRIPT ?=
CAMERA ?=
BUNDLE ?=
OUT ?= out

PYTHON_FILES := setup.py stf2m_ros test $(wildcard launch bench scripts)
# Python sources are linked, not copied: only these make stf2m_ros build again.
PACKAGE_DATA := $(shell find launch config models -name __pycache__ -prune -o -print 2>/dev/null)

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'
	@echo
	@echo "  make demo VIDEO=clip.mp4 [TRANSCRIPT=words.srt]   the demo with your own video"
	@echo "  make demo CAMERA=0                                the demo with your webcam; Ctrl-C ends it"

.PHONY: demo
demo: build ## Run the real node on a clip, print the emotions, draw them under out/
	@$(WITH_ROS) exec python -m stf2m_ros.cli.demo --out "$(OUT)" \
	  $(if $(VIDEO),--video "$(VIDEO)") $(if $(TRANSCRIPT),--transcript "$(TRANSCRIPT)") $(if $(CAMERA),--camera "$(CAMERA)") \
	  $(if $(BUNDLE),--bundle "$(BUNDLE)")

.PHONY: test
test: $(VENV)/.test-installed build lint ## Set up, check and test everything, as CI does
	@echo "== tests"
	@$(WITH_ROS) python -m pytest --cov=stf2m_ros --cov-report=term:skip-covered $(ARGS)

.PHONY: lint
lint: $(VENV)/.test-installed ## Check style, layers, Python 3.8, shell and YAML
	@echo "== style";  $(BIN)/ruff check $(PYTHON_FILES); $(BIN)/ruff format --check $(PYTHON_FILES)
	@echo "== layers"; $(BIN)/lint-imports --no-cache --no-logo
	@echo "== Python 3.8"; $(BIN)/vermin -t=3.8- --eval-annotations --no-tips --violations setup.py stf2m_ros
	@echo "== shell and YAML"; bash -n .ci/run; $(BIN)/yamllint --strict $(wildcard config launch)

.PHONY: build
build: build/.built ## Build stf2m_msgs and stf2m_ros with colcon

.PHONY: bench
bench: $(VENV)/.test-installed build ## Measure speed and memory, of the runtime alone and of the node
	@$(WITH_ROS) python bench/speed_and_memory.py $(ARGS)

.PHONY: bench-gpu
bench-gpu: $(VENV)/.test-installed build ## Prove on a machine with a GPU, in under 8 minutes, what only a GPU can prove
	@$(BIN)/python -c 'import pycuda' 2>/dev/null || { echo "== building pycuda, once"; $(BIN)/python scripts/build_pycuda.py || true; }
	@$(WITH_ROS) python bench/on_gpu.py $(ARGS)

.PHONY: clean
clean: ## Remove what was built; the environment and out/ stay
	rm -rf build install log cache .coverage

# -- what the targets stand on --

.PHONY: tools
tools:
	@need() { echo "$$1 On Debian and Ubuntu: sudo apt install $$2" >&2; exit 1; }; \
	[ -n "$(PYTHON)" ] || need "No Python 3.10, 3.11 or 3.12 found." "python3 python3-venv python3-dev"; \
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || need "$(PYTHON) cannot make environments." python3-venv; \
	$(PYTHON) -c 'import os, sysconfig; os.stat(sysconfig.get_paths()["include"] + "/Python.h")' 2>/dev/null \
	  || need "The headers of $(PYTHON) are missing." python3-dev; \
	for tool in cmake g++; do command -v $$tool >/dev/null || need "$$tool is missing." "cmake g++"; done

$(VENV)/bin/python: | tools
	@echo "== making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: requirements/runtime.txt requirements/build.txt scripts/use_own_python_headers.py | $(VENV)/bin/python
	@echo "== installing what the demo needs into $(VENV): about 0.8 GB, once"
	@$(BIN)/python scripts/install_requirements.py requirements/runtime.txt requirements/build.txt
	@$(BIN)/python scripts/use_own_python_headers.py
	@touch $(VENV)/local_setup.bash  # without one colcon warns that the environment is no ROS prefix
	@touch $@

$(VENV)/.test-installed: requirements/train.txt requirements/test.txt $(VENV)/.demo-installed
	@echo "== installing what training and the tests add (PyTorch: several GB where the index has it with CUDA), once"
	@$(BIN)/python scripts/install_requirements.py requirements/train.txt requirements/test.txt
	@touch $@

COLCON_BUILD = export PATH="$(BIN):$$PATH" AMENT_PREFIX_PATH="$(CURDIR)/$(VENV)" CMAKE_PREFIX_PATH="$(CURDIR)/$(VENV)"; \
  colcon --log-base log build --base-paths . stf2m_msgs --merge-install --symlink-install \
  --event-handlers console_direct- console_cohesion- console_stderr+ \
  --cmake-args -DBUILD_TESTING=OFF -DPython3_EXECUTABLE="$(BIN)/python" -Wno-dev --no-warn-unused-cli

build/.messages-built: $(VENV)/.demo-installed $(shell find stf2m_msgs 2>/dev/null)
	@echo "== building stf2m_msgs (half a minute, once)"
	@$(COLCON_BUILD) --packages-select stf2m_msgs
	@touch $@

build/.built: build/.messages-built package.xml setup.py setup.cfg $(PACKAGE_DATA)
	@echo "== building stf2m_ros"
	@$(COLCON_BUILD) --packages-select stf2m_ros
	@touch $@
