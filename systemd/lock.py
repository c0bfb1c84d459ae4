"""Pins what the service installs, by the hashes of its wheels, for the Python that runs this; see `make lock`.

Which versions is pip's own answer, for 64-bit Arm; the wheels are those of both processors that install.sh takes. The
build system is among them, so that nothing is installed unchecked. What the live page adds has a file of its own, made
for the versions of the first one, so that pip takes both together.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
GLIBC = 36  # 2.36 is that of Debian 12
HEADER = "# Made by `make lock`: what install.sh {} under Python {}, on 64-bit Arm and Intel."


def main() -> None:
    """Write requirements-X.Y.txt and requirements-X.Y-web.txt."""
    pyproject = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    project = pyproject["project"]
    base = pins(project["dependencies"] + pyproject["build-system"]["requires"])
    web = pins([*base, *project["optional-dependencies"]["web"]])
    python = "{}.{}".format(*sys.version_info)
    for name, does, pinned in (("", "installs", base), ("-web", "--web adds", web.keys() - base)):
        lines = [HEADER.format(does, python), *(web[pin] for pin in sorted(pinned))]
        (HERE / f"requirements-{python}{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def pins(wanted: Iterable[str]) -> dict[str, str]:
    """What pip would install: name==version -> a requirement with the hashes of its wheels."""
    arm = wheels("aarch64", wanted)
    intel = wheels("x86_64", [*arm, "--no-deps"])
    hashes = {pin: sorted({arm[pin], intel[pin]}) for pin in arm}
    return {pin: " \\\n    ".join([pin, *(f"--hash=sha256:{value}" for value in hashes[pin])]) for pin in arm}


def wheels(machine: str, wanted: Iterable[str]) -> dict[str, str]:
    """The wheels that pip would install on a machine: name==version -> SHA-256."""
    platforms = ["any", f"manylinux2014_{machine}"]
    platforms += [f"manylinux_2_{minor}_{machine}" for minor in range(17, GLIBC + 1)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-"]
    command += ["--only-binary", ":all:", "--target", "unused", *(f"--platform={platform}" for platform in platforms)]
    done = subprocess.run([*command, *wanted], stdout=subprocess.PIPE, check=True)  # noqa: S603  pip
    hashes = {}
    for wheel in json.loads(done.stdout)["install"]:
        about, archive = wheel["metadata"], wheel["download_info"]["archive_info"]
        hashes[f"{about['name']}=={about['version']}"] = archive["hashes"]["sha256"]
    return hashes


if __name__ == "__main__":
    main()
