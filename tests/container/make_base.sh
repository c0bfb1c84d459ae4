#!/usr/bin/env bash
# make_base.sh SUITE ARCH IMAGE: makes the image IMAGE of a Debian SUITE for the processor ARCH, as small as the slim ones
# that registries have: without manuals, translations and documentation. Needs root, mmdebstrap and buildah, and for a
# foreign processor qemu-user-static and binfmt-support; uses the Debian mirror of this machine.
set -euo pipefail
suite=$1 arch=$2 image=$3
# shellcheck disable=SC2016  # a format of apt
mirror=$(apt-get indextargets --format '$(REPO_URI)' | awk '!/security/ { print; exit }')
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
options=(--dpkgopt=force-unsafe-io)
for folder in man locale doc info; do options+=(--dpkgopt="path-exclude=/usr/share/$folder/*"); done
options+=(--dpkgopt='path-include=/usr/share/doc/*/copyright')
# Debian 12 has the package usrmerge, which needs 50 MB of Perl, to move the folders of older systems.
perl='?and(?installed,?or(?exact-name(usrmerge),?name(perl)),?not(?essential))'
options+=(--include=usr-is-merged --customize-hook="chroot \"\$1\" apt-get purge --yes --quiet '$perl' >/dev/null")
mmdebstrap --quiet --variant=minbase --arch="$arch" "${options[@]}" "$suite" "$context/base.tar" "$mirror"
printf 'FROM scratch\nADD base.tar /\nCMD ["bash"]\n' >"$context/Containerfile"
buildah build --quiet --platform "linux/$arch" --tag "$image" "$context" >/dev/null
