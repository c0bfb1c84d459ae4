# make demo   the whole line on a recorded clip, with a broker inside: light, no TensorFlow
# make test   installs everything and passes the tests
# make bench  what a frame costs, stage by stage
# make model  trains and quantizes a model the way its card says: make model FER2013=path/to/fer2013.csv

PYTHON ?= python3
VENV ?= .venv
FER2013 ?= fer2013.csv
RUN ?= runs/first

BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PACKAGE := pyproject.toml edge/fer_edge/__init__.py

# apt-get install, only where something is missing
need = for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	test -z "$$missing" || { sudo=$$(test $$(id -u) = 0 || echo sudo); $$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; }

.PHONY: demo test model bench clean

demo: $(VENV)/.demo
	$(BIN)/python tests/demo.py

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

model: $(VENV)/.test
	$(BIN)/fer-train fit --data $(FER2013) --out $(RUN)-teacher --epochs 45 --weight-decay 3e-3 --erase 0.5
	$(BIN)/fer-train fit --data $(FER2013) --out $(RUN) --teacher $(RUN)-teacher/model.keras
	$(BIN)/fer-convert quantize $(RUN)/model.keras --data $(FER2013) --out edge/fer_edge/models/fer.tflite
	$(BIN)/fer-convert evaluate edge/fer_edge/models/fer.tflite --data $(FER2013)

bench: $(VENV)/.demo
	$(BIN)/python tests/benchmarks/stages.py

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call need,python3-venv) }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python $(PACKAGE)
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.test: $(BIN)/python $(PACKAGE)
	@$(call need,mosquitto mosquitto-clients ffmpeg systemd)
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --editable '.[train,convert,demo]' --group dev
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
