"""The READMEs: the front page is short, what they name exists, and they document everything that can be registered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fer_edge.config.accelerator import AUTO
from fer_edge.inference.backends import BACKENDS
from fer_edge.mqtt.commands import COMMANDS
from fer_train.architectures.registry import ARCHITECTURES

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


def section(file: str, title: str) -> str:
    """The text below a heading of a README, up to the next heading."""
    text = (ROOT / file).read_text(encoding="utf-8")
    (found,) = re.findall(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(text: str) -> set[str]:
    """The code in the first column of the tables of a Markdown text, without their heads."""
    body = re.sub(r"^.+\n(?=\|--)", "", text, flags=re.MULTILINE)
    return {name for line in body.splitlines() if line.startswith("| `") for name in code(line.split(" | ")[0])}


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


def test_every_mqtt_command_is_documented() -> None:
    text = section("edge/README.md", "Commands")
    assert rows(text) == COMMANDS.keys()
    assert f"known are {', '.join(sorted(COMMANDS))}" in text  # the example of an unknown command


def test_every_key_of_an_mqtt_command_is_documented() -> None:
    text = section("edge/README.md", "Commands")
    for name, command in COMMANDS.items():
        assert all(f'"{key}"' in text for key in command.keys), name


def test_every_accelerator_is_documented() -> None:
    values = rows(section("edge/README.md", "Accelerators"))
    names = {value.partition(":")[0] for value in values}
    assert names == {AUTO} | {backend.name for backend in BACKENDS}
    for backend in BACKENDS:
        examples = {example.replace("LIBRARY", "/path/lib.so") for example in backend.examples}
        assert examples <= values, backend.title


def test_every_architecture_is_documented() -> None:
    assert rows(section("train/README.md", "Architectures")) == ARCHITECTURES.keys()


def test_the_map_of_the_code_has_every_module_and_package() -> None:
    found = {
        path.stem for path in PACKAGES.iterdir() if path.suffix == ".py" or (path.is_dir() and any(path.iterdir()))
    }
    found -= {"__init__", "__pycache__"}
    assert rows(section("edge/README.md", "Map of the code")) == found
