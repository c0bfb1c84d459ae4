#!/usr/bin/env bash
# make_roots.sh SUITE FOLDER: creates two Debian systems of this SUITE: FOLDER/bare, the least that apt runs in, and
# FOLDER/booted with systemd, a broker and what the package depends on. Needs root and mmdebstrap; uses the mirror of this
# machine.
set -euo pipefail
suite=$1 folder=$2
test "$(id -u)" = 0 || { echo "make_roots.sh: only root can make these roots" >&2 && exit 2; }
# shellcheck disable=SC2016  # a format of apt
mirror=$(apt-get indextargets --format '$(REPO_URI)' | awk '!/security/ { print; exit }')
rm -rf "$folder"
mkdir -p "$folder"
bootstrap() { mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io "$@" "$mirror"; }
bootstrap "$suite" "$folder/bare"
bootstrap --include=systemd,systemd-sysv,dbus,udev,procps,python3,python3-segno,ca-certificates,mosquitto,mosquitto-clients \
	"$suite" "$folder/booted"
