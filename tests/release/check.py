"""Whether this commit can be released: `make release-check`.

Compares the places that name the version, then makes each target that builds or tests what is released, in a new clone.
Exits with 1 if anything is wrong, after all targets.

usage: python -m tests.release.check [--rehearsal] [--folder FOLDER] [TARGET ...]

--rehearsal accepts a version that CHANGELOG.md calls unreleased.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TARGETS = ("test", "test-dist", "test-image", "test-app", "test-deb")
UNRELEASED = "unreleased"
VERSION = r"(\d+\.\d+\.\d+\S*)"
CODE, CHANGELOG, APP = "edge/fer_edge/__init__.py", "CHANGELOG.md", "edge/homeassistant-app/config.yaml"


def find_problems(root: Path, *, rehearsal: bool = False) -> list[str]:
    """What is wrong with the version and the state of a checkout, one line each."""
    version = _find(root / CODE, rf'^__version__ = "{VERSION}"')
    released, date = _find_release(root / CHANGELOG)
    problems = []
    if released != version:
        problems.append(f"{CHANGELOG}: the newest version is {released}, and {CODE} has {version}")
    if not (re.fullmatch(r"\d{4}-\d\d-\d\d", date) or (rehearsal and date == UNRELEASED)):
        problems.append(f"{CHANGELOG}: {released} is {date}; expected the date of the release, YYYY-MM-DD")
    if (found := _find(root / APP, rf'^version: "{VERSION}"')) != version:
        problems.append(f"{APP}: the version is {found}, and {CODE} has {version}")
    if _git(root, "status", "--porcelain"):
        problems.append("there are changes that are not committed: git status")
    tag = f"v{version}"
    if (tagged := _git(root, "rev-parse", "--quiet", "--verify", f"{tag}^{{commit}}")) not in {
        "",
        _git(root, "rev-parse", "HEAD"),
    }:
        problems.append(f"the tag {tag} exists and names another commit, {tagged[:12]}; raise the version")
    return problems


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2].partition("\n")[0])
    parser.add_argument("--rehearsal", action="store_true")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "release")
    parser.add_argument("targets", nargs="*", default=TARGETS)
    options = parser.parse_args(arguments)
    if problems := find_problems(ROOT, rehearsal=options.rehearsal):
        print("\n".join(f"release-check: {problem}" for problem in problems), file=sys.stderr)
        return 1
    shutil.rmtree(options.folder, ignore_errors=True)
    subprocess.run(["git", "clone", "--quiet", ROOT, options.folder], check=True)
    codes = {target: _make(target, options.folder) for target in options.targets}
    failed = [target for target, code in codes.items() if code]
    print(f"release-check: {'failed: ' + ', '.join(failed) if failed else 'everything passed'}")
    return bool(failed)


def _make(target: str, folder: Path) -> int:
    start = time.monotonic()
    code = subprocess.run(["make", target], cwd=folder, check=False).returncode
    minutes = (time.monotonic() - start) / 60
    print(f"release-check: make {target} {'failed' if code else 'passed'} after {minutes:.1f} minutes", flush=True)
    return code


def _find(file: Path, pattern: str) -> str:
    found = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "missing"


def _find_release(changelog: Path) -> tuple[str, str]:
    """The newest version, and its date or `unreleased`."""
    found = re.search(rf"^## {VERSION} - (.+)$", changelog.read_text(encoding="utf-8"), re.MULTILINE)
    return (found[1], found[2].strip()) if found else ("missing", "missing")


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
