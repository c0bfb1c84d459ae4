# make demo      the whole line on a recorded clip, with a broker inside: light, no TensorFlow
# make demo-web  the live page with the webcam of your browser, and a broker inside: light, too
# make test      installs everything and passes the tests
# make soak      the tests of delivery, long: 10,000 events through each kind of cut, 200 kills of the daemon, a day without
#                a broker; 10,000 commands of strangers; then months of a service in half an hour: FRAMES=1000000 with
#                faults of camera, broker and clock, and what it held meanwhile in build/soak.png
# make test-arm  the package on emulated 64-bit Arm against this machine: its wheels, its models, the events of a clip
# make test-picamera2  the fake picamera2 of the tests, and the daemon, against the real one on a camera of libcamera's
#                that plays pictures; needs root
# make test-homeassistant  a real Home Assistant finds the device; needs Python 3.13
# make test-systemd  the service under a real systemd, in a container that boots this machine's own root, and then in one
#                with Debian 13: install, watchdog, crash, sandbox, upgrade, roll-back, removal; needs root
# make bench     what a frame costs, stage by stage, what stands around the network, and what the live page and delivery cost
# make lock      pins anew, with hashes, what the service installs: systemd/requirements-*.txt
# make audit     what bandit says of the code, and what is known against the packages that the service installs; needs the network
# make models    trains and quantizes the shipped models as their card says: make models FER2013=path/to/fer2013.csv
#                FERPLUS=path/to/fer2013new.csv; with a GPU, and more teachers: make models-gpu KERAS_BACKEND=jax ...

PYTHON ?= python3
HOME_PYTHON ?= python3.13
VENV ?= .venv
FER2013 ?= fer2013.csv
FERPLUS ?= fer2013new.csv
RUNS ?= runs
FRAMES ?= 1000000

BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PACKAGE := pyproject.toml edge/fer_edge/__init__.py

# PublicTest is watched, and no epoch or recipe is chosen by it.
FIT = $(BIN)/fer-train fit --data $(FER2013) --ferplus $(FERPLUS) --ferplus-as hints --validation PublicTest \
	--precision mixed_bfloat16
SHIP = for model in nano small base; do \
	KERAS_BACKEND=tensorflow $(BIN)/fer-convert quantize $(RUNS)/$$model/model.keras --data $(FER2013) \
		--out edge/fer_edge/models/$$model.tflite && \
	$(BIN)/fer-convert evaluate edge/fer_edge/models/$$model.tflite --data $(FER2013) || exit 1; done

# apt-get install, only where something is missing
need = for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	test -z "$$missing" || { sudo=$$(test $$(id -u) = 0 || echo sudo); $$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; }

.PHONY: demo demo-web test soak test-arm test-picamera2 test-homeassistant test-systemd lock audit models models-gpu ship bench clean

demo: $(VENV)/.demo
	$(BIN)/python tests/demo.py

demo-web: $(VENV)/.web
	$(BIN)/python -m tests.demo_web

test: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest

soak: $(VENV)/.test
	FER_EDGE_SOAK=1 $(BIN)/python -m pytest -rP --timeout 1800 tests/integration/test_delivery.py tests/integration/test_kills.py \
		tests/edge/mqtt/test_command_dispatcher.py
	mkdir -p build
	FER_EDGE_FRAMES=$(FRAMES) FER_EDGE_PLOT=build/soak.png $(BIN)/python -m pytest -p no:logging --timeout 0 tests/soak

test-arm: $(VENV)/.test
	@$(call need,mmdebstrap arch-test qemu-user-static)
	rm -rf build/arm
	systemd/build_wheel.sh build/arm $(BIN)/pip
	PYTHON=$(BIN)/python tests/arm/make_root.sh build/arm/root build/arm/fer_edge-*.whl
	FER_EDGE_ARM_ROOT=build/arm/root $(BIN)/python -m pytest -rP tests/arm

test-picamera2: $(VENV)/.test
	@$(call need,mmdebstrap)
	rm -rf build/picamera2
	systemd/build_wheel.sh build/picamera2 $(BIN)/pip
	PYTHON=$(BIN)/python tests/picamera/make_root.sh build/picamera2/root build/picamera2/fer_edge-*.whl
	FER_EDGE_PICAMERA2_ROOT=build/picamera2/root $(BIN)/python -m pytest -rP tests/picamera

test-homeassistant: $(VENV)/.test $(VENV)-homeassistant/.installed
	FER_EDGE_HOMEASSISTANT=$(VENV)-homeassistant/bin/python $(BIN)/python -m pytest -rP tests/homeassistant

test-systemd: $(VENV)/.test
	@$(call need,systemd-container mosquitto mosquitto-clients python3-venv shellcheck mmdebstrap)
	rm -rf build/systemd build/trixie
	lock=systemd/requirements-$$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-web.txt && \
	$(BIN)/pip --python /usr/bin/python3 download --quiet --no-deps --dest build/systemd --requirement $$lock
	systemd/build_wheel.sh build/systemd $(BIN)/pip
	FER_EDGE_WHEELS=build/systemd $(BIN)/python -m pytest -rP tests/systemd
	PYTHON=$(BIN)/python tests/systemd/make_root.sh build/trixie/root build/trixie/wheels
	cp build/systemd/fer_edge-*.whl build/trixie/wheels
	FER_EDGE_BOX_ROOT=build/trixie/root FER_EDGE_WHEELS=build/trixie/wheels $(BIN)/python -m pytest -rP tests/systemd

# The pins must hold on both processors: resolved for 64-bit Arm, then again for Intel with the first ones given. The -web
# files hold the base pins too. setuptools is among them, since install.sh builds the package on the Pi.
LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --only-binary :all: --no-header --no-annotate
BUILD_SYSTEM = $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'

lock: $(VENV)/.test
	mkdir -p build
	$(BUILD_SYSTEM) > build/build-system.in
	for python in 3.11 3.13; do for extra in "" web; do \
		lock=systemd/requirements-$$python$${extra:+-$$extra}.txt; \
		compile="$(LOCK) pyproject.toml build/build-system.in --python-version $$python $${extra:+--extra $$extra}"; \
		$$compile --python-platform aarch64-manylinux_2_36 --output-file build/arm.txt && \
		$$compile --python-platform x86_64-manylinux_2_36 --constraint build/arm.txt --output-file build/intel.txt && \
		cmp build/arm.txt build/intel.txt && \
		{ echo "# Made by \`make lock\`: what install.sh$${extra:+ --web} installs under Python $$python, on 64-bit Arm and Intel."; \
			cat build/arm.txt; } > $$lock || exit 1; done; done

# Ruff has bandit's rules too and each exception is justified there: here, what is more than a remark. Strict: a package of
# which nothing can be learned is not one of which nothing is known.
audit: $(VENV)-audit/.installed
	$(VENV)-audit/bin/bandit --quiet --recursive --severity-level medium edge convert train
	for lock in systemd/requirements-*.txt; do \
		$(VENV)-audit/bin/pip-audit --strict --disable-pip --requirement $$lock || failed=yes; done; test -z "$$failed"

# What the shipped models were trained with: two processor cores, four hours. `base` is trained twice: the second run
# starts from, and learns of, the quantized models of the first.
models: $(VENV)/.test
	$(FIT) --model base --epochs 60 --out $(RUNS)/first
	$(FIT) --model small --epochs 35 --teacher $(RUNS)/first/model.keras --out $(RUNS)/small
	$(FIT) --model nano --epochs 30 --erase 0 --dropout 0 --teacher $(RUNS)/first/model.keras --out $(RUNS)/nano
	for model in first small; do KERAS_BACKEND=tensorflow $(BIN)/fer-convert quantize $(RUNS)/$$model/model.keras \
		--data $(FER2013) --out $(RUNS)/$$model.tflite || exit 1; done
	$(FIT) --model base --epochs 80 --seed 2 --weights $(RUNS)/first.tflite --head-epochs 0 \
		--teacher $(RUNS)/first.tflite --teacher $(RUNS)/small.tflite --out $(RUNS)/base
	$(SHIP)

# The same with a GPU: five large teachers, then the three models, which learn from all of them.
models-gpu: $(VENV)/.test
	for seed in 1 2 3 4 5; do $(FIT) --model large --epochs 150 --seed $$seed --out $(RUNS)/large-$$seed || exit 1; done
	for model in base small nano; do \
		$(FIT) --model $$model --epochs 300 --teacher-weight 0.8 --out $(RUNS)/gpu/$$model \
			$$(for seed in 1 2 3 4 5; do echo --teacher $(RUNS)/large-$$seed/model.keras; done) || exit 1; \
	done
	$(MAKE) ship RUNS=$(RUNS)/gpu

ship: $(VENV)/.test
	$(SHIP)

bench: $(VENV)/.test
	$(BIN)/python tests/benchmarks/stages.py
	$(BIN)/python tests/benchmarks/classifier.py
	-$(BIN)/python -m tests.benchmarks.engine
	-$(BIN)/python -m tests.benchmarks.web --seconds 30
	$(BIN)/python -m tests.benchmarks.mqtt --fleet 200

$(BIN)/python:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(call need,python3-venv) }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python $(PACKAGE)
	$(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.web: $(BIN)/python $(PACKAGE)
	$(PIP) --editable '.[demo,web]'
	@touch $@

$(VENV)/.test: $(BIN)/python $(PACKAGE)
	@$(call need,mosquitto mosquitto-clients iproute2 openssl ffmpeg systemd gcc libc6-dev chromium)
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --editable '.[train,convert,demo,web]' --group dev
	@touch $@

# One version, since the tests reach into it; with the paho-mqtt that its manifest names.
$(VENV)-homeassistant/.installed:
	$(HOME_PYTHON) -m venv $(VENV)-homeassistant
	$(VENV)-homeassistant/bin/pip install --quiet --disable-pip-version-check homeassistant==2025.4.4 paho-mqtt==2.1.0
	@touch $@

$(VENV)-audit/.installed:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet --disable-pip-version-check bandit pip-audit
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-audit $(VENV)-homeassistant build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
