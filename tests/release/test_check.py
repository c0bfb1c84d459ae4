"""What `make release-check` finds before it builds anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.release.check import APP, CHANGELOG, CODE, find_problems


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with the places that name the version."""
    for name, text in {
        CODE: '__version__ = "1.2.0"\n',
        CHANGELOG: "# Changelog\n\n## 1.2.0 - 2026-11-29\n\n## 1.1.0 - 2026-11-01\n",
        APP: 'name: fer-edge\nversion: "1.2.0"\n',
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Anna", "-c", "user.email=anna@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "Another commit")


def test_a_commit_whose_versions_agree_can_be_released(project: Path) -> None:
    assert find_problems(project) == []
    git(project, "tag", "v1.2.0")
    assert find_problems(project) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (CODE, "1.2.0", "1.3.0", "CHANGELOG.md: the newest version is 1.2.0, and edge/fer_edge/__init__.py has 1.3.0"),
        (CHANGELOG, "2026-11-29", "unreleased", "1.2.0 is unreleased; expected the date of the release, YYYY-MM-DD"),
        (CHANGELOG, "## 1.2.0", "## Next", "the newest version is 1.1.0"),
        (APP, '"1.2.0"', '"1.1.0"', "config.yaml: the version is 1.1.0"),
        (APP, "version", "Version", "config.yaml: the version is missing"),
    ],
)
def test_a_place_that_disagrees_is_named(project: Path, name: str, old: str, new: str, expected: str) -> None:
    file = project / name
    file.write_text(file.read_text().replace(old, new))
    commit(project)
    assert expected in "\n".join(find_problems(project))


def test_a_rehearsal_accepts_what_is_unreleased(project: Path) -> None:
    file = project / CHANGELOG
    file.write_text(file.read_text().replace("2026-11-29", "unreleased"))
    commit(project)
    assert len(find_problems(project)) == 1
    assert find_problems(project, rehearsal=True) == []


def test_changes_that_are_not_committed_and_the_tag_of_another_commit_are_refused(project: Path) -> None:
    git(project, "tag", "v1.2.0")
    (project / "new.txt").touch()
    assert find_problems(project) == ["there are changes that are not committed: git status"]
    commit(project)
    (problem,) = find_problems(project)
    assert problem.startswith("the tag v1.2.0 exists and names another commit")
