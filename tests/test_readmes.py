"""The READMEs: the front page is short, and every link, make target and source file they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ROOT / "edge" / "fer_edge"
FOLDERS = (".", "edge", "edge/fer_edge/models", "train", "convert", "systemd", "tests", "tests/media")
READMES = sorted(file for folder in FOLDERS for file in (ROOT / folder).glob("*.md"))
MAX_FRONT_PAGE = 8 * 1024  # bytes

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`|^ {4}(.+)$", re.MULTILINE)  # inline, or an indented line


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a Markdown text."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text)}


def code(text: str) -> list[str]:
    return [inline or indented for inline, indented in CODE.findall(text)]


def named_targets(text: str) -> set[str]:
    """X of every `make X` in the code of a Markdown text."""
    return {name for line in code(text) for name in re.findall(r"\bmake ([a-z][a-z0-9-]*)", line)}


@pytest.fixture(params=READMES, ids=lambda file: str(file.relative_to(ROOT)))
def readme(request: pytest.FixtureRequest) -> Path:
    file: Path = request.param
    return file


@pytest.fixture(scope="module")
def targets() -> set[str]:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return set(phony.split())


def test_the_front_page_fits_into_8_kib() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= MAX_FRONT_PAGE


def test_the_front_page_links_to_every_other_readme() -> None:
    front_page = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in LINK.findall(front_page)}
    assert {file.resolve() for file in READMES} - {ROOT / "README.md"} <= linked


def test_relative_links_and_their_anchors_resolve(readme: Path) -> None:
    for link in LINK.findall(readme.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = readme.parent / path if path else readme
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_make_target_named_exists(readme: Path, targets: set[str]) -> None:
    assert named_targets(readme.read_text(encoding="utf-8")) <= targets


def test_every_make_target_is_explained(targets: set[str]) -> None:
    assert targets <= named_targets((ROOT / "tests" / "README.md").read_text(encoding="utf-8"))


def test_every_source_file_named_exists(readme: Path) -> None:
    places = (readme.parent, ROOT, PACKAGES, PACKAGES.parent)
    for line in code(readme.read_text(encoding="utf-8")):
        for path in re.findall(r"[\w./-]+/[\w.-]+\.(?:py|sh|c)\b", line):
            assert any((place / path).exists() for place in places), path


def test_every_module_run_by_name_exists(readme: Path) -> None:
    for line in code(readme.read_text(encoding="utf-8")):
        for module in re.findall(r"-m (tests\.[\w.]+)", line):
            assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
