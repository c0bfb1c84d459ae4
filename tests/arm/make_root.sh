#!/usr/bin/env bash
# make_root.sh ROOT WHEEL: make a 64-bit Arm Debian in the folder ROOT, with the wheel of fer-edge and the Arm wheels of
# the lock file, as systemd/install.sh would install them. Its packages are unpacked and not configured, which is enough
# for qemu-user: ROOT/python runs its Python. Needs mmdebstrap, arch-test and qemu-user-static; uses the Debian mirror of
# this machine, and the Python named by the variable PYTHON.
set -euo pipefail
root=$1 wheel=$2
python=${PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case $version in
3.11) suite=bookworm ;;
3.13) suite=trixie ;;
*) echo "make_root.sh: no Debian has Python $version; run it with 3.11 or 3.13" >&2 && exit 2 ;;
esac
mirror=$(apt-get indextargets --format '$(REPO_URI)' | awk '!/security/ { print; exit }')
rm -rf "$root"
mkdir -p "$(dirname "$root")"
mmdebstrap --quiet --arch=arm64 --variant=extract --include=python3,python3-minimal,libstdc++6,libgcc-s1,zlib1g,bash,coreutils \
	"$suite" "$root" "$mirror"
platforms=(--platform any --platform manylinux2014_aarch64)
for glibc in 17 26 27 28 31 34 35; do platforms+=(--platform "manylinux_2_${glibc}_aarch64"); done
pip=("$python" -m pip install --quiet --disable-pip-version-check --target "$root/opt/site" --only-binary :all:
	--implementation cp --python-version "$version" "${platforms[@]}")
lock=$(dirname "$0")/../../systemd/requirements-$version.txt
"${pip[@]}" --require-hashes --requirement "$lock"
"${pip[@]}" --no-deps "$wheel"

# argv[0] is this script, so that a child process of the interpreter runs under qemu, too.
root=$(realpath "$root")
printf '#!/bin/sh\nexec qemu-aarch64-static -L "%s" -0 "$0" "%s/usr/bin/python3" "$@"\n' "$root" "$root" >"$root/python"
chmod +x "$root/python"
