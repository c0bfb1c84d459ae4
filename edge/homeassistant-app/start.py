"""Starts fer-edge as an app of Home Assistant: with its options, the broker that the Supervisor names, and not as root.

Each option is the environment variable of the same name: `min_face` is FER_EDGE_MIN_FACE. It runs under the system's
Python, so it uses the standard library alone.
"""

from __future__ import annotations

import json
import os
import pwd
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

SUPERVISOR = "http://supervisor"  # its address for apps
TIMEOUT = 10.0  # seconds for its response
INGRESS_ADDRESS = "172.30.32.2"  # from which it passes on the requests of users who have logged in
NETWORK = "172.30.32.0/23"  # of Home Assistant, the Supervisor and the apps
PAGE = "0.0.0.0:8099"  # ingress_port of config.yaml
USER = "fer-edge"
DEVICES = ("video*", "media*", "apex_*", "bus/usb/*/*")  # in /dev: cameras and Corals
DAEMON = "/opt/fer-edge/bin/fer-edge"
FAILED, WRONG_CONFIGURATION = 1, 78  # exit codes, as those of the daemon
CONFIG = """\
# What the options of the app do not cover, such as zones and moods. The options override what is set here.
# After a change, restart the app.
"""


class StartError(Exception):
    """The app cannot start.

    Attributes:
        code: Exit code.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def main(
    root: Path = Path("/"),
    supervisor: str = SUPERVISOR,
    daemon: str = DAEMON,
    user: str | None = USER,
    page: str = PAGE,
) -> None:
    """Replace this process with the daemon.

    Args:
        root: Contains data/, config/ and dev/.
        supervisor: Address of the Supervisor.
        daemon: Program of the daemon.
        user: To run it as, if this process is root's; None for the same user.
        page: HOST:PORT of the page.
    """
    try:
        variables = option_variables(read_options(root / "data/options.json"))
        if "FER_EDGE_MQTT" not in variables:
            variables |= broker_variables(ask_for_broker(supervisor, os.environ.get("SUPERVISOR_TOKEN", "")))
        variables |= page_variables(page) | file_variables(root)
        make_folders(root)
        if user and os.geteuid() == 0:
            drop_privileges(root, user)
        os.chdir(root / "config")
        config = str(root / "config/config.toml")
        os.execve(daemon, [daemon, "--config", config], {**daemon_environment(os.environ), **variables})  # noqa: S606
    except OSError as error:
        sys.exit(f"fer-edge: cannot start: {error}")
    except StartError as error:
        print(f"fer-edge: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.code)


def read_options(file: Path) -> dict[str, Any]:
    """The options, as the Supervisor has written them. Raises StartError if the file is damaged, OSError."""
    try:
        options = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise StartError(f"{file}: not JSON: {error}") from error
    if not isinstance(options, dict):
        raise StartError(f"{file}: expected an object")
    return options


def option_variables(options: Mapping[str, Any]) -> dict[str, str]:
    """The environment variables of the options that are set."""
    return {
        f"FER_EDGE_{name.upper()}": str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in options.items()
        if value not in (None, "")
    }


def ask_for_broker(supervisor: str, token: str) -> dict[str, Any]:
    """The broker that an app offers as the service mqtt, usually "Mosquitto broker". Raises StartError without one."""
    request = urllib.request.Request(  # noqa: S310
        f"{supervisor}/services/mqtt", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            broker = json.load(response).get("data")
    except urllib.error.HTTPError as error:
        if error.code >= 500:
            raise StartError(f"the Supervisor does not name a broker: HTTP status {error.code}") from error
        broker = None  # it answers so when no app offers one
    except OSError as error:
        raise StartError(f"the Supervisor does not respond: {error}") from error
    except (ValueError, AttributeError) as error:
        raise StartError(f"the Supervisor's answer about the broker cannot be read: {error}") from error
    if not (isinstance(broker, dict) and {"host", "port"} <= broker.keys()):
        cure = 'install and start the app "Mosquitto broker", or enter the address of yours in the option mqtt'
        raise StartError(f"there is no broker: {cure}", WRONG_CONFIGURATION)
    return broker


def broker_variables(broker: Mapping[str, Any]) -> dict[str, str]:
    """The settings of a broker as the Supervisor describes it."""
    scheme = "mqtts" if broker.get("ssl") else "mqtt"
    user, password = broker.get("username"), broker.get("password")
    login = f"{quote(user, safe='')}@" if user else ""
    variables = {"FER_EDGE_MQTT": f"{scheme}://{login}{broker['host']}:{broker['port']}"}
    return variables | ({"FER_EDGE_MQTT_PASSWORD": password} if user and password else {})


def page_variables(page: str) -> dict[str, str]:
    """The settings of the page: for the ingress alone, which has logged its users in."""
    return {
        "FER_EDGE_WEB": page,
        "FER_EDGE_WEB_NO_TOKEN_FOR": INGRESS_ADDRESS,
        "FER_EDGE_WEB_TRUSTED_PROXIES": NETWORK,
    }


def file_variables(root: Path) -> dict[str, str]:
    """Where files are kept, and the libedgetpu that the owner may have put beside config.toml."""
    variables = {"STATE_DIRECTORY": str(root / "data/fer-edge")}
    library = root / "config/libedgetpu.so.1"
    return variables | ({"FER_EDGE_EDGETPU_LIBRARY": str(library)} if library.exists() else {})


def make_folders(root: Path) -> None:
    """Create the folder of the state and, at the first start, the configuration file."""
    (root / "data/fer-edge").mkdir(mode=0o700, exist_ok=True)
    config = root / "config/config.toml"
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")


def drop_privileges(root: Path, name: str) -> None:
    """Become a user who owns the folders, with the groups of the cameras and Corals that are there now."""
    user = pwd.getpwnam(name)
    for folder in (root / "data/fer-edge", root / "config"):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    os.setgroups(sorted({device.stat().st_gid for device in find_devices(root)}))
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def find_devices(root: Path) -> Iterator[Path]:
    """The device files of cameras and Corals."""
    for pattern in DEVICES:
        yield from (root / "dev").glob(pattern)


def daemon_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the token of the Supervisor, which the daemon does not need."""
    return {name: value for name, value in environment.items() if name not in {"SUPERVISOR_TOKEN", "HASSIO_TOKEN"}}


if __name__ == "__main__":
    main()
