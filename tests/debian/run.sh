#!/usr/bin/env bash
# run.sh SUITE ROOT TARGET...: creates a bare Debian SUITE in the folder ROOT, copies this project into it, and makes the
# TARGETs there, in a container. Needs root, mmdebstrap and systemd-nspawn; uses the mirror of this machine. NSPAWN_FLAGS
# holds further flags for systemd-nspawn.
set -euo pipefail
suite=$1 root=$2
shift 2
test "$(id -u)" = 0 || { echo "run.sh: only root can make this root" >&2 && exit 2; }
# shellcheck disable=SC2016  # a format of apt
mirror=$(apt-get indextargets --format '$(REPO_URI)' | awk '!/security/ { print; exit }')
project=$(realpath "$(dirname "$0")/../..")
rm -rf "$root"
mkdir -p "$(dirname "$root")"
mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --include=ca-certificates,make "$suite" "$root" "$mirror"
mkdir "$root/project"
git -C "$project" ls-files -z --cached --others --exclude-standard |
	tar --create --directory "$project" --null --files-from - --ignore-failed-read | tar --extract --directory "$root/project"
environment=()
while IFS= read -r variable; do environment+=("--setenv=$variable"); done \
	< <(env | grep -iE '^(PIP_[A-Z_]+|https?_proxy|no_proxy)=' || true)
# shellcheck disable=SC2086  # several flags
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn --quiet --as-pid2 --register=no --keep-unit --console=pipe \
	--directory "$root" --chdir=/project --private-users=no --capability=CAP_NET_ADMIN "${environment[@]}" ${NSPAWN_FLAGS:-} make "$@"
