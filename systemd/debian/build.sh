#!/usr/bin/env bash
# build.sh ARCHITECTURE OUT: builds fer-edge_VERSION_ARCHITECTURE.deb for amd64 or arm64 into the folder OUT, on either
# machine. PYTHON is an interpreter with pip, DEB_MAINTAINER who publishes the package, DEB_FLAGS are flags for dpkg-deb
# (-Zxz -z3 takes four times as long for 6 % less).
#
# Not with debhelper: its result depends on the Debian that builds (Debian 12 puts units into /lib), and stripping and finding
# the dependencies of libraries for another processor would have to be disabled.
set -euo pipefail
umask 022
architecture=$1 out=$2
python=${PYTHON:-python3}
case $architecture in
amd64) machine=x86_64 ;;
arm64) machine=aarch64 ;;
*) echo "build.sh: the architecture is amd64 or arm64, not $architecture" >&2 && exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
systemd=$(dirname "$here")
project=$(dirname "$systemd")
stage=$project/build/deb/$architecture
root=$stage/root
lib=$root/usr/lib/fer-edge/lib
GLIBC="17 26 27 28 31 34 35 36"

# A pre-release sorts before its release: 1.0rc1 becomes 1.0~rc1.
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$project/edge/fer_edge/__init__.py" |
    sed -E 's/\.dev/~~dev/; s/([0-9])(a|b|rc)([0-9])/\1~\2\3/')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$project" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
maintainer=${DEB_MAINTAINER:-fer-edge maintainers <maintainers@fer-edge.invalid>}

# fill FILE: print a file with the values of this build.
fill() {
    sed "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@MAINTAINER@/$maintainer/; s/@DATE@/$(date -Ru -d "@$SOURCE_DATE_EPOCH")/
        s/@SIZE@/$(du -sk --apparent-size "$root" | cut -f 1)/" "$1"
}

install_file() { install -D -m "${3:-644}" "$1" "$root$2"; }

# Install the pinned wheels for a Python, verified by their hashes. setuptools is pinned for install.sh only.
install_dependencies() {
    local site=$lib/python$1/site-packages requirements=$stage/requirements-$1.txt platforms=(--platform "manylinux2014_$machine")
    for glibc in $GLIBC; do platforms+=(--platform "manylinux_2_${glibc}_$machine"); done
    awk '/^[^ #]/ { keep = !/^setuptools==/ } keep' "$systemd/requirements-$1-web.txt" >"$requirements"
    "$python" -m pip install --quiet --disable-pip-version-check --target "$site" --no-deps --no-compile \
        --only-binary :all: --require-hashes --implementation cp --python-version "$1" --platform any "${platforms[@]}" \
        --requirement "$requirements"
    echo ../../common >"$site/fer-edge.pth"
    prune "$site"
}

# Remove what runs nothing: commands, tests, headers and sources, NumPy's build tools, LiteRT's compilers and its
# accelerators of other makers.
prune() {
    (
        cd "$1"
        rm -rf bin numpy/{distutils,f2py,_pyinstaller} ai_edge_litert/{aot,tools,vendors,libLiteRtWebGpuAccelerator.so}
        find . -depth -type d \( -name tests -o -name testdata -o -name include -o -name _examples \) -exec rm -rf {} +
        find . -type f \( -name '*.pyi' -o -name '*.py[xd]' -o -name '*.pxi' -o -name '*.[ach]' -o -name '*.sh' \) -delete
        find . -path '*.dist-info/*' \( -name RECORD -o -name INSTALLER -o -name REQUESTED -o -name direct_url.json \) -delete
        find . -type f -exec chmod 644 {} +
    )
}

# install_unit NAME: the unit runs the environment of this package.
install_unit() {
    install_file "$systemd/fer-edge.service" "/usr/lib/systemd/system/$1"
    sed -i 's#/opt/fer-edge/bin/#/usr/bin/#' "$root/usr/lib/systemd/system/$1"
}

rm -rf "$stage"
mkdir -p "$lib" "$out"
install_dependencies 3.11
install_dependencies 3.13
printf '#!/bin/sh\nexec "%s" -m pip "$@"\n' "$python" >"$stage/pip"
chmod +x "$stage/pip"
"$systemd/build_wheel.sh" "$stage" "$stage/pip"
"$stage/pip" install --quiet --disable-pip-version-check --target "$lib/common" --no-deps --no-compile "$stage"/fer_edge-*.whl
prune "$lib/common"

mkdir "$root/usr/lib/fer-edge/bin"
ln -s ../../../bin/python3 "$root/usr/lib/fer-edge/bin/python3"
printf '%s\n' 'home = /usr/bin' 'include-system-site-packages = true' >"$root/usr/lib/fer-edge/pyvenv.cfg"
install_file "$here/fer-edge" /usr/bin/fer-edge 755
install_unit fer-edge.service
install_unit fer-edge@.service
install_file "$systemd/newer.conf" /usr/share/fer-edge/newer.conf
install_file "$systemd/60-fer-edge-coral.rules" /usr/lib/udev/rules.d/60-fer-edge-coral.rules
install_file "$systemd/fer-edge.env" /etc/fer-edge/fer-edge.env 600
install_file "$systemd/config.toml" /etc/fer-edge/config.toml
sed -i 's/^#source = /source = /' "$root/etc/fer-edge/config.toml" # the first camera
install_file "$here/copyright" /usr/share/doc/fer-edge/copyright
install_file "$project/NOTICE" /usr/share/doc/fer-edge/NOTICE
install_file "$here/lintian-overrides" /usr/share/lintian/overrides/fer-edge
install_file "$here/fer-edge.1" /usr/share/man/man1/fer-edge.1
fill "$here/changelog" >"$root/usr/share/doc/fer-edge/changelog"
gzip -9n "$root/usr/share/man/man1/fer-edge.1" "$root/usr/share/doc/fer-edge/changelog"

for file in conffiles triggers; do install_file "$here/$file" "/DEBIAN/$file"; done
for script in preinst postinst prerm postrm; do install_file "$here/$script" "/DEBIAN/$script" 755; done
fill "$here/control" >"$stage/control"
install_file "$stage/control" /DEBIAN/control
(cd "$root" && find etc usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
# shellcheck disable=SC2086  # several flags
dpkg-deb --build --root-owner-group ${DEB_FLAGS:--Zxz -z1} "$root" "$out/fer-edge_${version}_$architecture.deb"
