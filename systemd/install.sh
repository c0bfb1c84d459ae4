#!/usr/bin/env bash
# Installs fer-edge as a service, upgrades it in place, and removes it again. Raspberry Pi OS, Debian; 64-bit.
#
# /opt/fer-edge is a symbolic link to one of two environments. An upgrade is built in the other one, and the link is moved
# when it is complete. If the services that were running do not become ready with it, link and units are restored and the
# old version runs again.
#
# There is also a Debian package (systemd/debian). This script is for a clone, for other Pythons than those of Debian, and for
# those who want the old version back when a new one does not start: dpkg does not restore it.
set -euo pipefail
umask 022 # the service runs as another user, who must be able to read what root installs

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

  --wheel FILE  install this wheel offline, with the wheels it depends on from the same folder
                (default: the clone that contains this script, with its dependencies from the package index)
  --web         also install the dependencies of the live page; an upgrade keeps them
  --dry-run     check the system and print what would be done
  --uninstall   remove the service, its units and its environment
  --purge       with --uninstall: also remove $ETC and the events that wait for the broker

Set PYTHON to use another interpreter than python3. To upgrade, run this script again: the settings are kept.
END
}

usage_error() {
    usage >&2
    exit 2
}

log() { printf 'fer-edge: %s\n' "$*"; }
log_done() { [[ -n $dry ]] || log "$*"; }
die() {
    log "$*" >&2
    exit 1
}

run() {
    if [[ -n $dry ]]; then
        printf 'would run:%s\n' "$(printf ' %q' "$@")"
    else
        "$@"
    fi
}

booted() { [[ -d /run/systemd/system ]]; } # false while an image is being built

# --- checks of the system

check_system() {
    local problems=()
    [[ -n $dry || $EUID -eq 0 ]] || problems+=("this needs root: sudo $0")
    [[ $(uname -m) =~ ^(aarch64|x86_64)$ ]] || problems+=("this needs a 64-bit system, aarch64 or x86_64, not $(uname -m)")
    if ! "$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'; then
        problems+=("this needs Python 3.11 to 3.13: PYTHON=/usr/bin/python3.11 $0")
    elif [[ $(readlink -f "$(command -v "$PYTHON")") =~ ^/(home|root)/ ]]; then
        problems+=("the service cannot use a Python in a home directory: PYTHON=/usr/bin/python3 $0")
    elif ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
        problems+=("Python cannot create virtual environments: apt install python3-venv")
    fi
    ((systemd_version >= 250)) || problems+=("this needs systemd 250 or later, not $systemd_version")
    (($(df --output=avail -m /opt | tail -n 1) >= NEEDED_MB)) || problems+=("this needs $NEEDED_MB MB of free space in /opt")
    ! dpkg-query -W -f '${Status}' fer-edge 2>/dev/null | grep -q 'ok installed' ||
        problems+=("the Debian package fer-edge is installed: sudo apt remove fer-edge (keeps the settings), then run this again")
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
        log "note: no picamera2, so only USB and network cameras work; for a Pi's camera: apt install python3-picamera2"
}

hint_edgetpu() {
    local library version
    library=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libedgetpu.so.1" && !found++ { print $NF }')
    if [[ -z $library ]]; then
        log "note: no libedgetpu.so.1, so the model runs on the processor"
        return
    fi
    version=$(dpkg-query -W -f '${Version}' libedgetpu1-std 2>/dev/null || dpkg-query -W -f '${Version}' libedgetpu1-max 2>/dev/null || true)
    if [[ $version == 16.0 ]]; then
        log "note: $library is Google's of 2021, which crashes with current TFLite versions: install one built for yours (16.0tf2...)"
    else
        log "note: $library ${version:-of unknown version}; the daemon tests it in a child process at every start"
    fi
}

# --- the two environments

# Print the environment in use, if there is one.
active() { if [[ -L $CURRENT ]]; then readlink "$CURRENT"; fi; }

# Print the environment that is not in use.
inactive() { if [[ $(active) == "$CURRENT.a" ]]; then echo "$CURRENT.b"; else echo "$CURRENT.a"; fi; }

# On exit: remove temporary files and an environment that was not completed.
clean_up() {
    [[ -z $scratch ]] || rm -rf "$scratch"
    [[ -n $dry || -z $building || $(active) == "$building" ]] || rm -rf "$building"
}

# Make an environment that was installed by hand at /opt/fer-edge one of the two; its scripts still work through the link.
adopt_manual() {
    if [[ -d $CURRENT && ! -L $CURRENT ]]; then
        run mkdir -p "$CURRENT/units"
        [[ ! -e $UNITS/fer-edge.service ]] || run cp "$UNITS/fer-edge.service" "$CURRENT/units/"
        run mv "$CURRENT" "$CURRENT.b"
        run ln -sfn "$CURRENT.b" "$CURRENT"
    fi
}

# Whether the environment in use has the dependencies of the live page. Its Python may be gone after a system upgrade.
has_web() { compgen -G "$CURRENT/lib/python3*/site-packages/aiohttp" >/dev/null; }

build() {
    local target=$1 pip=("$1/bin/pip" install --quiet --disable-pip-version-check) lock extra=''
    [[ -z $web ]] && ! has_web || extra='[web]'
    log_done "building $target${extra:+, with the live page}"
    building=$target
    run rm -rf "$target"
    # picamera2 and libcamera come from apt only.
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
    store_units "$target/units"
}

built_wheel() { echo "$scratch"/fer_edge-*.whl; }

store_units() {
    run install -d "$1"
    run install -m 644 "$HERE/fer-edge.service" "$1/fer-edge.service"
    run install -m 644 "$HERE/fer-edge.service" "$1/fer-edge@.service"
    ((systemd_version < 254)) || run install -m 644 "$HERE/newer.conf" "$1/newer.conf"
}

# Switch the link and the units to an environment.
switch_to() {
    local unit
    run ln -sfn "$1" "$CURRENT.new"
    run mv -T "$CURRENT.new" "$CURRENT"
    for unit in fer-edge.service fer-edge@.service; do
        replace_file "$1/units/$unit" "$UNITS/$unit"
        replace_file "$1/units/newer.conf" "$UNITS/$unit.d/50-newer.conf"
    done
    ! booted || run systemctl daemon-reload
}

# Replace $2 with $1; if this environment has no such file, remove the one of the other.
replace_file() {
    run rm -f "$2"
    [[ ! -e $1 ]] || run install -D -m 644 "$1" "$2"
}

# --- running services

running() {
    ! booted || systemctl list-units --plain --no-legend --state=active,activating,reloading \
        fer-edge.service 'fer-edge@*.service' | awk '{ print $1 }'
}

# Restart units. The unit is of Type=notify, so systemctl fails if one does not become ready.
restart() {
    local unit
    for unit in "$@"; do
        log_done "starting $unit"
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
        log "the new version did not become ready: restoring the old one" >&2
        switch_to "$old"
        run rm -rf "$new"
        restart "$@" || die "the old version does not become ready either: systemctl status $*"
        die "rolled back; the old version is running"
    fi
    run rm -rf "$old"
    log_done "upgraded$( (($#)) || echo '; the service was not running and was not started')"
}

install_first() {
    switch_to "$1"
    run systemctl --quiet enable fer-edge.service
    if booted; then
        restart fer-edge.service || die "installed, but the service does not become ready: see above, and $ETC/config.toml"
    fi
    log_done "installed; edit $ETC/config.toml, then: sudo systemctl restart fer-edge"
}

install_or_upgrade() {
    local old new units
    check_system
    adopt_manual
    old=$(active)
    new=$(inactive)
    trap clean_up EXIT
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

# Triggering applies the rule to a Coral that is already plugged in.
reload_udev() {
    if [[ -S /run/udev/control ]]; then
        run udevadm control --reload
        run udevadm trigger --subsystem-match=usb --subsystem-match=apex
    fi
}

# --- removal

uninstall() {
    local unit
    [[ -n $dry || $EUID -eq 0 ]] || die "this needs root: sudo $0 --uninstall"
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
    log_done "removed$([[ -n $purge ]] || echo "; $ETC and /var/lib/fer-edge are kept (--purge removes them)")"
}

wheel='' web='' dry='' purge='' scratch='' building='' job=install_or_upgrade
systemd_version=$(systemctl --version | awk 'NR == 1 { print int($2) }')
while (($#)); do
    case $1 in
    --wheel) (($# > 1)) || usage_error && wheel=$2 && shift ;;
    --web) web=yes ;;
    --dry-run) dry=yes ;;
    --uninstall) job=uninstall ;;
    --purge) purge=yes ;;
    -h | --help) usage && exit ;;
    *) usage_error ;;
    esac
    shift
done
[[ -z $purge || $job == uninstall ]] || die "--purge needs --uninstall"
"$job"
