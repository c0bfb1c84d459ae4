#!/usr/bin/env bash
# Installs fer-edge as a service, upgrades it in place, and removes it again. Raspberry Pi OS, Debian; 64-bit.
#
# /opt/fer-edge is a link to one of two environments. An upgrade is built in the other one and the link is moved when it
# is whole; if what ran before does not get ready with it, the link and the units go back and the old one runs again.
#
# A Debian package would serve less: Debian has no TFLite for Python (and that of age 12 too old an OpenCV and paho), so it
# would carry an environment for each Python and processor, and dpkg does not go back to what ran when the new one does not.
set -euo pipefail
umask 022 # the service is another user and has to read what root installs

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CURRENT=/opt/fer-edge
ETC=/etc/fer-edge
UNITS=/etc/systemd/system
RULES=60-fer-edge-coral.rules
NEEDED_MB=700
PYTHON=${PYTHON:-python3}

usage() {
    cat <<END
usage: sudo systemd/install.sh [--wheel FILE] [--web] [--dry-run] | --uninstall [--purge] [--dry-run]

  --wheel FILE  install this wheel, offline, with the wheels that it needs from the same folder
                (else the clone that this script is in, with what it needs from the package index)
  --web         also install what the live page needs; an upgrade keeps it
  --dry-run     examine the system and print what would be done
  --uninstall   remove the service, its units and its environment
  --purge       with --uninstall: also $ETC and the events that wait for the broker

PYTHON names another interpreter than python3. Run it again to upgrade: the settings stay.
END
}

wrong() {
    usage >&2
    exit 2
}

say() { printf 'fer-edge: %s\n' "$*"; }
say_done() { [[ -n $dry ]] || say "$*"; }
die() {
    say "$*" >&2
    exit 1
}

run() {
    if [[ -n $dry ]]; then
        printf 'would run:%s\n' "$(printf ' %q' "$@")"
    else
        "$@"
    fi
}

booted() { [[ -d /run/systemd/system ]]; } # not so where an image is being made

# --- the system

check_system() {
    local problems=()
    [[ -n $dry || $EUID -eq 0 ]] || problems+=("root is needed: sudo $0")
    [[ $(uname -m) =~ ^(aarch64|x86_64)$ ]] || problems+=("a 64-bit system is needed, aarch64 or x86_64, not $(uname -m)")
    if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
        problems+=("Python 3.11 to 3.13 is needed: PYTHON=/usr/bin/python3.11 $0")
    elif [[ $(readlink -f "$(command -v "$PYTHON")") =~ ^/(home|root)/ ]]; then
        problems+=("the service cannot see the Python of a home: PYTHON=/usr/bin/python3 $0")
    elif ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        problems+=("Python makes no environments: apt install python3-venv")
    fi
    ((systemd_version >= 250)) || problems+=("systemd 250 or later is needed, not $systemd_version")
    (($(df --output=avail -m /opt | tail -n 1) >= NEEDED_MB)) || problems+=("$NEEDED_MB MB are needed in /opt")
    [[ -z $wheel || -r $wheel ]] || problems+=("--wheel $wheel: no such file")
    if ((${#problems[@]})); then
        printf 'fer-edge: %s\n' "${problems[@]}" >&2
        exit 1
    fi
    hint_camera
    hint_edgetpu
}

hint_camera() {
    "$PYTHON" -c 'import libcamera, picamera2' 2>/dev/null ||
        say "note: no picamera2, so USB cameras and addresses only; for a Pi's own: apt install python3-picamera2"
}

hint_edgetpu() {
    local library version
    library=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libedgetpu.so.1" && !found++ { print $NF }')
    if [[ -z $library ]]; then
        say "note: no libedgetpu.so.1, so the processor does the work"
        return
    fi
    version=$(dpkg-query -W -f '${Version}' libedgetpu1-std 2>/dev/null || dpkg-query -W -f '${Version}' libedgetpu1-max 2>/dev/null || true)
    if [[ $version == 16.0 ]]; then
        say "note: $library is Google's of 2021, which crashes with a current TFLite: install one built for it (16.0tf2...)"
    else
        say "note: $library ${version:-of unknown version}; it is tried each time before it is used"
    fi
}

# --- the two environments

# The environment that is in use, or nothing.
used() { if [[ -L $CURRENT ]]; then readlink "$CURRENT"; fi; }

# The environment that is not in use.
unused() { if [[ $(used) == "$CURRENT.a" ]]; then echo "$CURRENT.b"; else echo "$CURRENT.a"; fi; }

# Leave nothing half made.
tidy() {
    [[ -z $scratch ]] || rm -rf "$scratch"
    [[ -n $dry || -z $building || $(used) == "$building" ]] || rm -rf "$building"
}

# An environment made by hand at /opt/fer-edge becomes one of the two; its scripts find it through the link.
adopt() {
    if [[ -d $CURRENT && ! -L $CURRENT ]]; then
        run mkdir -p "$CURRENT/units"
        [[ ! -e $UNITS/fer-edge.service ]] || run cp "$UNITS/fer-edge.service" "$CURRENT/units/"
        run mv "$CURRENT" "$CURRENT.b"
        run ln -sfn "$CURRENT.b" "$CURRENT"
    fi
}

# Whether the environment in use has what the live page needs, be its Python gone with an upgrade of the system.
has_web() { compgen -G "$CURRENT/lib/python3*/site-packages/aiohttp" >/dev/null; }

build() {
    local target=$1 pip=("$1/bin/pip" install --quiet --disable-pip-version-check) lock extra=''
    [[ -z $web ]] && ! has_web || extra='[web]'
    say_done "building $target${extra:+, with the live page}"
    building=$target
    run rm -rf "$target"
    # picamera2 and libcamera come from apt alone.
    run "$PYTHON" -m venv --system-site-packages "$target"
    if [[ -n $wheel ]]; then
        run "${pip[@]}" --no-index --find-links "$(dirname "$wheel")" "$wheel$extra"
    else
        scratch=$(mktemp -d)
        lock=$HERE/requirements-$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        if [[ -r $lock.txt ]]; then
            # Everything is checked by its hash, including what builds the package.
            run "${pip[@]}" --only-binary :all: --require-hashes --requirement "$lock${extra:+-web}.txt"
            run "$HERE/build_wheel.sh" "$scratch" "$target/bin/pip" --no-build-isolation
            run "${pip[@]}" --no-deps "$(built_wheel)"
        else
            run "$HERE/build_wheel.sh" "$scratch" "$target/bin/pip"
            run "${pip[@]}" "$(built_wheel)$extra"
        fi
    fi
    run "$target/bin/fer-edge" --version
    put_units_into "$target/units"
}

built_wheel() { echo "$scratch"/fer_edge-*.whl; }

put_units_into() {
    run install -d "$1"
    run install -m 644 "$HERE/fer-edge.service" "$1/fer-edge.service"
    run install -m 644 "$HERE/fer-edge.service" "$1/fer-edge@.service"
    ((systemd_version < 254)) || run install -m 644 "$HERE/newer.conf" "$1/newer.conf"
}

# Let the link and the units be those of an environment.
switch_to() {
    local unit
    run ln -sfn "$1" "$CURRENT.new"
    run mv -T "$CURRENT.new" "$CURRENT"
    for unit in fer-edge.service fer-edge@.service; do
        put "$1/units/$unit" "$UNITS/$unit"
        put "$1/units/newer.conf" "$UNITS/$unit.d/50-newer.conf"
    done
    ! booted || run systemctl daemon-reload
}

# What an environment does not have is not left of another.
put() {
    run rm -f "$2"
    [[ ! -e $1 ]] || run install -D -m 644 "$1" "$2"
}

# --- what runs

running() {
    ! booted || systemctl list-units --plain --no-legend --state=active,activating,reloading \
        fer-edge.service 'fer-edge@*.service' | awk '{ print $1 }'
}

# Start units anew; systemd tells whether they got ready.
restart() {
    local unit
    for unit in "$@"; do
        say_done "starting $unit"
        if ! run systemctl restart "$unit"; then
            journalctl --no-pager --output=cat --lines=20 --unit="$unit" >&2
            return 1
        fi
    done
}

upgrade() {
    local old=$1 new=$2
    shift 2
    switch_to "$new"
    if ! restart "$@"; then
        say "the new version did not get ready: back to the old one" >&2
        switch_to "$old"
        run rm -rf "$new"
        restart "$@" || die "the old version does not get ready either: systemctl status $*"
        die "rolled back; the old version runs"
    fi
    run rm -rf "$old"
    say_done "upgraded$( (($#)) || echo '; it was not running and is not started')"
}

install_first() {
    switch_to "$1"
    run systemctl --quiet enable fer-edge.service
    if booted; then
        restart fer-edge.service || die "installed, but it does not get ready: see above, $ETC/config.toml"
    fi
    say_done "installed; settings: $ETC/config.toml, then: sudo systemctl restart fer-edge"
}

install_or_upgrade() {
    local old new units
    check_system
    adopt
    old=$(used)
    new=$(unused)
    trap tidy EXIT
    build "$new"
    configure
    if [[ -n $old ]]; then
        mapfile -t units < <(running)
        upgrade "$old" "$new" "${units[@]}"
    else
        install_first "$new"
    fi
}

configure() {
    local group
    for group in video plugdev; do
        getent group "$group" >/dev/null || run groupadd --system "$group"
    done
    [[ -e $ETC/fer-edge.env ]] || run install -D -m 600 "$HERE/fer-edge.env" "$ETC/fer-edge.env"
    if [[ ! -e $ETC/config.toml ]]; then
        run install -D -m 644 "$HERE/config.toml" "$ETC/config.toml"
        run sed -i 's/^#source = /source = /' "$ETC/config.toml" # the first camera
    fi
    run install -D -m 644 "$HERE/$RULES" "/etc/udev/rules.d/$RULES"
    reload_udev
}

# Also for a Coral that is plugged in already.
reload_udev() {
    if [[ -S /run/udev/control ]]; then
        run udevadm control --reload
        run udevadm trigger --subsystem-match=usb --subsystem-match=apex
    fi
}

# --- the end

uninstall() {
    local unit
    [[ -n $dry || $EUID -eq 0 ]] || die "root is needed: sudo $0 --uninstall"
    for unit in $(running) $(cd "$UNITS" && compgen -G '*.wants/fer-edge*.service' | sed 's#.*/##'); do
        ! booted || run systemctl --quiet stop "$unit"
        run systemctl --quiet disable "$unit"
    done
    run rm -f "$UNITS"/fer-edge{,@}.service "$UNITS"/fer-edge{,@}.service.d/50-newer.conf "/etc/udev/rules.d/$RULES"
    run rm -rf "$CURRENT" "$CURRENT".{a,b}
    [[ -z $purge ]] || run rm -rf "$ETC" "$UNITS"/fer-edge{,@*}.service.d /var/lib/{,private/}fer-edge{,@*}
    run find "$UNITS" -maxdepth 1 -name 'fer-edge*.service.d' -empty -delete
    if booted; then
        run systemctl daemon-reload
        run systemctl reset-failed 'fer-edge*'
    fi
    reload_udev
    say_done "removed$([[ -n $purge ]] || echo "; $ETC and /var/lib/fer-edge stay (--purge)")"
}

wheel='' web='' dry='' purge='' scratch='' building='' job=install_or_upgrade
systemd_version=$(systemctl --version | awk 'NR == 1 { print int($2) }')
while (($#)); do
    case $1 in
    --wheel) (($# > 1)) || wrong && wheel=$2 && shift ;;
    --web) web=yes ;;
    --dry-run) dry=yes ;;
    --uninstall) job=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage && exit ;;
    *) wrong ;;
    esac
    shift
done
[[ -z $purge || $job == uninstall ]] || die "--purge goes with --uninstall"
"$job"
