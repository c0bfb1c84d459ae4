#!/usr/bin/env bash
# build_wheel.sh OUT PIP [FLAG...]: builds the wheel for the Pi, fer_edge without the packages for a host, into the folder
# OUT, with this pip and these flags for it. Example: systemd/build_wheel.sh dist .venv/bin/pip
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd) out=$1
shift
# setuptools writes into the folder that it builds, and includes files left in its build/: so build a fresh copy.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$root"/{pyproject.toml,README.md,LICENSE,NOTICE,edge} "$scratch"
sed -i '/^fer-train = /d; /^fer-convert = /d' "$scratch/pyproject.toml"
"$1" wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$out" "${@:2}" "$scratch"
