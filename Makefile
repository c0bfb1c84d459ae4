# make demo      runs fer-edge on a recorded clip with an embedded broker; light, no TensorFlow
# make demo-web  shows the live page with your browser's webcam as the camera, and an embedded broker; light too
# make test      installs everything, checks format, lint and types, and runs the tests
# make soak      the long tests: 10,000 events through each kind of broken connection, 200 kills of the daemon, a day
#                without a broker, 10,000 fuzzed commands, 1,500 damaged outboxes; then FRAMES=1000000 frames with faults
#                of camera, broker and clock, whose use of resources is plotted in build/soak.png
# make test-arm  compares the package on emulated 64-bit Arm with this machine: wheels, models, events of a clip
# make test-picamera2  tests the fake picamera2 and the daemon against the real one, on libcamera's virtual camera that
#                plays pictures; needs root
# make test-homeassistant  lets a real Home Assistant discover the device, and opens its pages in Chromium; needs Python 3.13
# make test-tfjs  exports a model with the converter of TensorFlow.js, and runs it in Node and in Chromium
# make test-dashboards  runs the examples for Prometheus, Grafana and Node-RED: a real Prometheus, which Debian starts when it
#                is installed, and a real Node-RED
# make test-systemd  tests the service under a real systemd, in a container with this machine's own root and in one with
#                Debian 13: install, watchdog, crash, sandbox, upgrade, roll-back, removal; needs root
# make test-debian  runs `make test`, and under Python 3.13 `make test-homeassistant`, in bare Debian 12 and 13 systems, in
#                containers; needs root
# make bench     benchmarks of a frame stage by stage, of the classifier, of found and false faces, of the live page and
#                of the delivery of events; downloads Debian's wallpapers with apt
# make dist      builds sdist and wheel into dist/, checks them with twine, and lists what the service installs, with licences, in
#                a CycloneDX file for each Python of a Debian
# make test-dist  installs the wheel in clean environments of each Python there is, with pip, pipx and uv, and runs it
# make app       makes the folder dist/homeassistant-app, to be copied to Home Assistant as a local app
# make test-app  builds its image and runs it with a Supervisor's answers, a real Mosquitto and the ingress's address; needs root
# make image     builds the container image for this machine, or ARCH=arm64, on the Debian slim BASE
# make test-image  builds it for amd64 and arm64 on Debian 12 and 13, and runs it, also with compose.yaml; needs root
# make deb       builds the Debian packages for amd64 and arm64 into dist/; DEB_MAINTAINER='NAME <ADDRESS>' names who publishes
#                them, DEB_FLAGS how dpkg-deb compresses them
# make test-deb  builds them, checks them with lintian, and installs, upgrades and removes this machine's in bare and booted
#                Debian 12 and 13 systems, in containers; needs root
# make lock      pins what the service installs, with hashes: systemd/requirements-*.txt
# make audit     checks the code with bandit and the pinned packages with pip-audit; needs the network
# make models    trains the shipped models as their card tells, and quantizes them: make models
#                FER2013=path/to/fer2013.csv FERPLUS=path/to/fer2013new.csv
# make models-teachers  trains three teachers first, and then the models from them; this was never run to its end
# make models-gpu  the chain of models-teachers on a GPU: make models-gpu KERAS_BACKEND=jax WORKERS=15 ...
# make release-check  checks the version, and everything that is released, in a new clone; RELEASE=--rehearsal before the date
#                of the release is set
# make face-network  fetches the face network anew from the package mediapipe, and checks its sha256; needs the network

PYTHON ?= python3
HOME_PYTHON ?= python3.13
VENV ?= .venv
FER2013 ?= fer2013.csv
FERPLUS ?= fer2013new.csv
RUNS ?= runs
MODELS ?= edge/fer_edge/models
SEEDS ?= 11 12 13
TEACHER_EPOCHS ?= 140
EPOCHS ?= 250
FRAMES ?= 1000000
ARCH ?= $(shell dpkg --print-architecture)
BASE ?= debian:trixie-slim
BUILD_BASE ?= $(BASE)
IMAGE ?= fer-edge
FACE_NETWORK ?= edge/fer_edge/models/face_network.tflite

BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
PACKAGE := pyproject.toml edge/fer_edge/__init__.py

# PublicTest is monitored during training; no epoch is chosen by it.
FIT = $(BIN)/fer-train fit --data $(FER2013) --ferplus $(FERPLUS) --ferplus-as hints --validation PublicTest \
	--precision mixed_bfloat16 $(WORKERS:%=--workers %)
FIT_VARIED = $(FIT) --mixup 0.2 --rotate 15
QUANTIZE = KERAS_BACKEND=tensorflow $(BIN)/fer-convert quantize --data $(FER2013)
LEARN = $(FIT_VARIED) --epochs $(EPOCHS) --teacher-weight 0.8 $(SEEDS:%=--teacher $(RUNS)/teacher-%)
SHIP = mkdir -p $(MODELS) && for model in nano small base; do \
	$(QUANTIZE) $(RUNS)/$$model/model.keras --out $(MODELS)/$$model.tflite && \
	$(BIN)/fer-convert calibrate $(MODELS)/$$model.tflite --data $(FER2013) --split PublicTest && \
	$(BIN)/fer-convert evaluate $(MODELS)/$$model.tflite --data $(FER2013) || exit 1; done

# Install Debian packages, only those that are missing.
need = for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	test -z "$$missing" || { sudo=$$(test $$(id -u) = 0 || echo sudo); $$sudo apt-get update -qq && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; }

.PHONY: demo demo-web test soak test-arm test-picamera2 test-homeassistant test-tfjs test-dashboards test-systemd test-debian dist test-dist app test-app image test-image deb test-deb release-check lock audit models models-teachers models-gpu ship face-network bench clean

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
		tests/edge/mqtt/test_outbox_recovery.py tests/edge/mqtt/test_command_dispatcher.py
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

test-tfjs: $(VENV)/.test $(VENV)-tfjs/.installed
	FER_EDGE_TFJS=$(VENV)-tfjs $(BIN)/python -m pytest -rP tests/tfjs

test-dashboards: $(VENV)/.test $(VENV)-node-red/.installed
	@$(call need,prometheus)
	FER_EDGE_NODE_RED=$(VENV)-node-red $(BIN)/python -m pytest -rP tests/dashboards

test-systemd: $(VENV)/.test
	@$(call need,systemd-container mosquitto mosquitto-clients python3-venv shellcheck mmdebstrap)
	rm -rf build/systemd build/trixie
	lock=systemd/requirements-$$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')-web.txt && \
	$(BIN)/pip --python /usr/bin/python3 download --quiet --no-deps --dest build/systemd --requirement $$lock
	systemd/build_wheel.sh build/systemd $(BIN)/pip
	FER_EDGE_WHEELS=build/systemd $(BIN)/python -m pytest -rP tests/systemd
	PYTHON=$(BIN)/python tests/systemd/make_root.sh build/trixie/root build/trixie/wheels
	cp build/systemd/fer_edge-*.whl build/trixie/wheels
	FER_EDGE_CONTAINER_ROOT=build/trixie/root FER_EDGE_WHEELS=build/trixie/wheels $(BIN)/python -m pytest -rP tests/systemd

dist: $(VENV)-dist/.installed
	rm -rf dist build/sbom
	$(VENV)-dist/bin/python -m build --outdir dist .
	$(VENV)-dist/bin/twine check --strict dist/*
	for python in 3.11 3.13; do \
		lock=systemd/requirements-$$python; environment=build/sbom/$$python; \
		$(VENV)-dist/bin/uv python find --quiet $$python >/dev/null || { echo "no Python $$python here, so no list for it" >&2; continue; }; \
		$(VENV)-dist/bin/uv venv --quiet --python $$python $$environment && \
		$(VENV)-dist/bin/uv pip install --quiet --python $$environment --require-hashes --no-deps \
			--requirement $$lock.txt --requirement $$lock-web.txt && \
		$(VENV)-dist/bin/cyclonedx-py environment $$environment --pyproject pyproject.toml --output-reproducible --gather-license-texts \
			--output-file dist/fer-edge-python$$python.cdx.json || exit 1; done

test-dist: $(VENV)/.test dist
	FER_EDGE_DIST=dist FER_EDGE_DIST_TOOLS=$(VENV)-dist/bin $(BIN)/python -m pytest -rP tests/release

app: $(BIN)/python
	rm -rf dist/homeassistant-app
	mkdir -p dist
	cp -rL edge/homeassistant-app dist
	systemd/build_wheel.sh dist/homeassistant-app/wheels $(BIN)/pip
	cp systemd/requirements-3.13-web.txt dist/homeassistant-app/requirements.txt

# The base image is made here, see test-image.
TEST_APP = localhost/fer-edge-app-test
test-app: $(VENV)/.test app
	@$(call need,buildah podman runc catatonit mmdebstrap)
	tests/container/make_base.sh trixie $(ARCH) localhost/debian:app
	buildah build --isolation chroot --format docker --build-arg BASE=localhost/debian:app --build-arg BUILD_VERSION=test \
		$(BUILDAH_FLAGS) --tag $(TEST_APP) --file dist/homeassistant-app/Dockerfile dist/homeassistant-app
	FER_EDGE_APP_IMAGE=$(TEST_APP) $(BIN)/python -m pytest -rP tests/container/test_app.py

# For a foreign processor, the kernel runs its programs by qemu. Earlier buildahs do not set BUILDPLATFORM. BUILDAH_FLAGS
# holds what else the build needs on this machine, e.g. --volume FILE:/etc/pip.conf:ro.
image:
	@$(call need,buildah)
	@test $(ARCH) = $$(dpkg --print-architecture) || { $(call need,qemu-user-static binfmt-support) }
	buildah build --layers --format docker --platform linux/$(ARCH) --build-arg BASE=$(BASE) \
		--build-arg BUILD_BASE=$(BUILD_BASE) --build-arg BUILDPLATFORM=linux/$$(dpkg --print-architecture) \
		$(BUILDAH_FLAGS) --tag $(IMAGE) --file edge/container/Containerfile .

# The base images are made here, since a registry is not needed for a test. --isolation chroot works in containers, too.
TEST_IMAGE = localhost/fer-edge-test
TEST_SYSTEMS = trixie-amd64 trixie-arm64 bookworm-amd64 bookworm-arm64
test-image: $(VENV)/.test
	@$(call need,buildah podman runc podman-compose iptables golang-github-containernetworking-plugin-dnsname dnsmasq-base \
		mmdebstrap arch-test qemu-user-static binfmt-support)
	@arch-test arm64 >/dev/null || $$(test $$(id -u) = 0 || echo sudo) update-binfmts --enable
	for system in $(TEST_SYSTEMS); do \
		tests/container/make_base.sh $${system%-*} $${system#*-} localhost/debian:$$system || exit 1; done
	for system in $(TEST_SYSTEMS); do \
		BUILDAH_ISOLATION=chroot $(MAKE) image ARCH=$${system#*-} BASE=localhost/debian:$$system \
			BUILD_BASE=localhost/debian:$${system%-*}-$(ARCH) IMAGE=$(TEST_IMAGE):$$system || exit 1; done
	FER_EDGE_IMAGE=$(TEST_IMAGE) $(BIN)/python -m pytest -rP tests/container

deb: $(BIN)/python
	rm -f dist/fer-edge_*.deb
	for architecture in amd64 arm64; do PYTHON=$(BIN)/python systemd/debian/build.sh $$architecture dist || exit 1; done

# NSPAWN_FLAGS as below.
test-deb: $(VENV)/.test deb
	@$(call need,systemd-container mmdebstrap lintian)
	lintian --allow-root --fail-on error --tag-display-limit 0 --pedantic dist/fer-edge_*.deb
	for suite in bookworm trixie; do tests/deb/make_roots.sh $$suite build/test-deb/$$suite || exit 1; done
	FER_EDGE_DEBS=dist FER_EDGE_DEB_ROOTS=build/test-deb $(BIN)/python -m pytest -rP tests/deb

release-check: $(VENV)/.test
	$(BIN)/python -m tests.release.check $(RELEASE)

# PIP_* and proxies of this machine apply in the containers, too; NSPAWN_FLAGS adds what else they need, e.g. --bind-ro=FOLDER.
test-debian:
	@$(call need,systemd-container mmdebstrap)
	tests/debian/run.sh bookworm build/debian/bookworm test
	tests/debian/run.sh trixie build/debian/trixie test test-homeassistant

# The pins must hold on both architectures: they are resolved for 64-bit Arm, and then for x86-64 with the first ones as
# constraints. The -web files contain the base pins too. setuptools is pinned since install.sh builds the package on the Pi.
# uv ignores upper bounds of Requires-Python, so backports-strenum, which ends with Python 3.10 from 1.3 on, needs a bound
# of its own, and pip, which installs the pins, checks the result.
LOCK = $(BIN)/uv pip compile --quiet --generate-hashes --only-binary :all: --no-header --no-annotate \
	--constraint build/constraints.in
BUILD_SYSTEM = $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'
GLIBC = 2_17 2_27 2_28 2_31 2_34 2_35 2_36
INSTALLABLE = $(BIN)/pip install --quiet --dry-run --disable-pip-version-check --ignore-installed --no-deps --require-hashes \
	--only-binary :all: --target build/unused --platform any

lock: $(VENV)/.test
	mkdir -p build
	$(BUILD_SYSTEM) > build/build-system.in
	echo 'backports-strenum<1.3' > build/constraints.in
	for python in 3.11 3.13; do for extra in "" web; do \
		lock=systemd/requirements-$$python$${extra:+-$$extra}.txt; \
		compile="$(LOCK) pyproject.toml build/build-system.in --python-version $$python $${extra:+--extra $$extra}"; \
		$$compile --python-platform aarch64-manylinux_2_36 --output-file build/arm.txt && \
		$$compile --python-platform x86_64-manylinux_2_36 --constraint build/arm.txt --output-file build/intel.txt && \
		cmp build/arm.txt build/intel.txt && \
		{ echo "# Made by \`make lock\`: what install.sh$${extra:+ --web} installs under Python $$python, on 64-bit Arm and Intel."; \
			cat build/arm.txt; } > $$lock || exit 1; \
		for machine in aarch64 x86_64; do \
			$(INSTALLABLE) --python-version $$python --platform manylinux2014_$$machine \
				$(foreach glibc,$(GLIBC),--platform manylinux_$(glibc)_$$machine) --requirement $$lock || exit 1; done; done; done

# Ruff applies bandit's rules too, with each exception justified; here only severities from medium on. --strict: a package
# that cannot be audited is an error.
audit: $(VENV)-audit/.installed
	$(VENV)-audit/bin/bandit --quiet --recursive --severity-level medium edge convert train
	for lock in systemd/requirements-*.txt; do \
		$(VENV)-audit/bin/pip-audit --strict --disable-pip --requirement $$lock || failed=yes; done; test -z "$$failed"

# An interrupted run continues when the command is given again.
models: $(VENV)/.test
	$(FIT) --model base --epochs 60 --out $(RUNS)/first
	$(FIT) --model small --epochs 35 --teacher $(RUNS)/first --out $(RUNS)/small
	$(FIT) --model nano --epochs 30 --erase 0 --dropout 0 --teacher $(RUNS)/first --out $(RUNS)/nano
	for model in first small; do $(QUANTIZE) $(RUNS)/$$model/model.keras --out $(RUNS)/$$model.tflite || exit 1; done
	$(FIT) --model base --epochs 80 --seed 2 --weights $(RUNS)/first.tflite --head-epochs 0 \
		--teacher $(RUNS)/first.tflite --teacher $(RUNS)/small.tflite --out $(RUNS)/second
	$(QUANTIZE) $(RUNS)/second/model.keras --out $(RUNS)/second.tflite
	$(FIT_VARIED) --model base --epochs 40 --seed 3 --weights $(RUNS)/second.tflite --head-epochs 0 \
		--teacher $(RUNS)/second.tflite --teacher $(RUNS)/small.tflite --learning-rate 0.05 --average 0.9986 \
		--degrade 0.3 --keep-initial 0.3 --out $(RUNS)/base
	$(SHIP)

# Three bases teach the three models.
models-teachers: $(VENV)/.test
	for seed in $(SEEDS); do \
		$(FIT_VARIED) --model base --epochs $(TEACHER_EPOCHS) --seed $$seed --out $(RUNS)/teacher-$$seed || exit 1; done
	$(LEARN) --model base --out $(RUNS)/base
	$(LEARN) --model small --out $(RUNS)/small
	$(LEARN) --model nano --erase 0 --dropout 0 --out $(RUNS)/nano
	$(SHIP)

# Its runs have a folder of their own, since the backends do not give the same weights.
models-gpu: $(VENV)/.test
	$(MAKE) models-teachers RUNS=$(RUNS)/gpu

ship: $(VENV)/.test
	$(SHIP)

# The wheel for one Python and one machine, whatever this one is; the expected sha256 is that of the code.
MEDIAPIPE = mediapipe==0.10.14
MEDIAPIPE_NETWORK = mediapipe/modules/face_detection/face_detection_short_range.tflite
FACE_NETWORK_CODE = edge/fer_edge/inference/face_network_file.py
FACE_NETWORK_SHA256 = $$(sed -n 's/^SHA256 = "\([0-9a-f]*\)".*/\1/p' $(FACE_NETWORK_CODE))
UNZIP = $(BIN)/python -c 'import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))'

face-network: $(BIN)/python
	rm -rf build/mediapipe
	$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --python-version 3.11 \
		--platform manylinux2014_x86_64 --dest build/mediapipe $(MEDIAPIPE)
	$(UNZIP) build/mediapipe/*.whl $(MEDIAPIPE_NETWORK) > build/mediapipe/face_network.tflite
	@echo "$(FACE_NETWORK_SHA256)  build/mediapipe/face_network.tflite" | sha256sum --check --status || { \
		echo "face-network: $(MEDIAPIPE_NETWORK) of $(MEDIAPIPE) has another sha256 than SHA256 in" \
		"$(FACE_NETWORK_CODE); $(FACE_NETWORK) is unchanged" >&2; exit 1; }
	cp build/mediapipe/face_network.tflite $(FACE_NETWORK)

bench: $(VENV)/.test
	$(BIN)/python tests/benchmarks/stages.py
	$(BIN)/python tests/benchmarks/classifier.py
	-$(BIN)/python -m tests.benchmarks.engine
	-$(BIN)/python -m tests.benchmarks.faces --quick $(addprefix --data ,$(wildcard $(FER2013)))
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
	@$(call need,mosquitto mosquitto-clients iproute2 openssl ffmpeg systemd gcc libc6-dev chromium nginx-light apparmor fonts-lohit-deva fonts-wqy-microhei)
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) --editable '.[train,convert,export,demo,web,notice,tensorboard]' --group dev
	@touch $@

# A fixed version, since the tests use its internals. It is the last one for Python 3.13; it asks for 3.13.2 but works with
# 3.13.0, too. Home Assistant installs what its parts require when it loads them; here are those of MQTT and of its pages,
# in the versions that it names.
$(VENV)-homeassistant/.installed:
	@$(call need,python3-venv python3-dev g++ libturbojpeg0)
	$(HOME_PYTHON) -m venv $(VENV)-homeassistant
	install="$(VENV)-homeassistant/bin/pip install --quiet --disable-pip-version-check --ignore-requires-python" && \
	$$install homeassistant==2026.2.3 && \
	$$install --constraint $(VENV)-homeassistant/lib/python3*/site-packages/homeassistant/package_constraints.txt \
		paho-mqtt home-assistant-frontend ha-ffmpeg hassil home-assistant-intents mutagen pymicro-vad pyspeex-noise PyTurboJPEG
	@touch $@

# tensorflowjs 4.22 ends at Python 3.12, later ydf want a later protobuf than its TensorFlow, and it
# imports pkg_resources. Node from nodesource.com contains npm and conflicts with Debian's package npm.
$(VENV)-tfjs/.installed: $(VENV)/.test
	@npm --version >/dev/null 2>&1 || { $(call need,nodejs npm) }
	$(BIN)/uv venv --quiet --clear --python '>=3.10,<3.13' $(VENV)-tfjs
	$(BIN)/uv pip install --quiet --python $(VENV)-tfjs/bin/python tensorflowjs==4.22.0 'ydf<0.12' 'setuptools<81'
	npm install --silent --prefix $(VENV)-tfjs @tensorflow/tfjs@4.22.0
	@touch $@

$(VENV)-node-red/.installed:
	@npm --version >/dev/null 2>&1 || { $(call need,nodejs npm) }
	npm install --silent --prefix $(VENV)-node-red node-red@4
	@touch $@

# cyclonedx-bom lists an environment, twine checks what PyPI would refuse, pipx and uv are ways to install the wheel.
$(VENV)-dist/.installed:
	@$(call need,python3-venv)
	$(PYTHON) -m venv $(VENV)-dist
	$(VENV)-dist/bin/pip install --quiet --disable-pip-version-check build twine cyclonedx-bom pipx uv
	@touch $@

$(VENV)-audit/.installed:
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/pip install --quiet --disable-pip-version-check bandit pip-audit
	@touch $@

clean:
	rm -rf $(VENV) $(VENV)-audit $(VENV)-homeassistant $(VENV)-tfjs $(VENV)-node-red $(VENV)-dist build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
