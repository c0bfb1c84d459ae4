#!/usr/bin/env bash
# make_root.sh ROOT WHEELS: creates a bootable Debian 13 with a broker in the folder ROOT, and downloads the wheels that the
# lock files pin for its Python into the folder WHEELS. Needs root and mmdebstrap; uses the mirror of this machine.
set -euo pipefail
root=$1 wheels=$2
test "$(id -u)" = 0 || { echo "make_root.sh: only root can make this root" >&2 && exit 2; }
suite=trixie version=3.13
mirror=$(apt-get indextargets --format '$(REPO_URI)' | awk '!/security/ { print; exit }')
rm -rf "$root"
mkdir -p "$(dirname "$root")" "$wheels"
mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io \
	--include=systemd,systemd-sysv,dbus,udev,procps,python3-venv,mosquitto,mosquitto-clients "$suite" "$root" "$mirror"
platforms=(--platform any --platform "manylinux2014_$(uname -m)")
for glibc in 17 26 27 28 31 34 35; do platforms+=(--platform "manylinux_2_${glibc}_$(uname -m)"); done
lock=$(dirname "$0")/../../systemd/requirements-$version
"${PYTHON:-python3}" -m pip download --quiet --disable-pip-version-check --dest "$wheels" --only-binary :all: --no-deps \
	--implementation cp --python-version "$version" "${platforms[@]}" \
	--requirement "$lock-web.txt"
