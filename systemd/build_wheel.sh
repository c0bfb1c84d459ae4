#!/usr/bin/env bash
# build_wheel.sh OUT PIP [FLAG...]: builds the device's wheel, fer_edge without the host's packages, into the folder OUT
# with the pip given, e.g. `systemd/build_wheel.sh dist .venv/bin/pip`.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd) out=$1
shift
# setuptools writes into the folder that it builds, and takes along what lies in its build/: a fresh copy has neither.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$root"/{pyproject.toml,README.md,LICENSE,edge} "$scratch"
sed -i '/^fer-train = /d; /^fer-convert = /d' "$scratch/pyproject.toml"
"$1" wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$out" "${@:2}" "$scratch"
