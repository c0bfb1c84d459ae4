#!/usr/bin/env bash
# make_root.sh ROOT WHEEL: makes a Debian in the folder ROOT, with libcamera, picamera2 and fer-edge from their wheels.
# Its packages are unpacked but not configured; enter it with in_root.sh. Needs root and mmdebstrap; uses this machine's apt mirror.
set -euo pipefail
root=$1 wheel=$2 here=$(dirname "$0")
test "$(id -u)" = 0 || { echo "make_root.sh: only root can make and enter this root" >&2 && exit 2; }
suite=trixie version=3.13 # libcamera has its virtual pipeline from 0.4 on, and trixie's Python is 3.13
mirror=$(apt-get indextargets --format '$(REPO_URI)' | awk '!/security/ { print; exit }')
rm -rf "$root"
mkdir -p "$(dirname "$root")"
mmdebstrap --quiet --variant=extract \
	--include=python3,python3-libcamera,libcamera-ipa,libgcc-s1,libstdc++6,bash,coreutils "$suite" "$root" "$mirror"
platforms=(--platform any --platform "manylinux2014_$(uname -m)")
for glibc in 17 26 27 28 31 34 35; do platforms+=(--platform "manylinux_2_${glibc}_$(uname -m)"); done
wheels() {
	"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --target "$root/opt/site" --upgrade \
		--only-binary :all: --implementation cp --python-version "$version" "${platforms[@]}" "$@"
}
# pip evaluates the markers of requirements for its own Python, so the dependencies of fer-edge are listed here.
wheels 'numpy>=2,<3' 'opencv-python-headless<5' paho-mqtt msgspec ai-edge-litert pillow videodev2 piexif simplejpeg av
wheels --no-deps "$wheel" picamera2 # some dependencies of picamera2 have no wheel: see virtualcamera.py
mkdir -p "$root/usr/share/libcamera/pipeline/virtual" "$root/opt/frames"
cp "$here/virtual.yaml" "$root/usr/share/libcamera/pipeline/virtual/"
cp "$here/virtualcamera.py" "$here/contract.py" "$here/reuse.py" "$root/opt/site/"
