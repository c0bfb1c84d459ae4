"""The structure of the source: layers of packages, no host code on the device, no file over 300 lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT_IMPORTS), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_imports_go_down_the_layers_of_pyproject() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout
    assert "3 kept, 0 broken" in done.stdout


def test_an_import_upwards_is_found(tmp_path: Path) -> None:
    """With the top layer moved to the bottom in a copy of the contract, its imports are reported."""
    text = (ROOT / "pyproject.toml").read_text()
    ground = next(line for line in text.splitlines(keepends=True) if "| clock |" in line)
    upside_down = text.replace('    "cli",\n    "diagnostics | notice",\n', '    "diagnostics | notice",\n')
    upside_down = upside_down.replace(ground, f'{ground}    "cli",\n')
    (tmp_path / "pyproject.toml").write_text(upside_down)
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert "fer_edge.cli is not allowed to import" in done.stdout


@pytest.mark.parametrize("root", ["edge", "convert", "train"])
def test_no_file_has_more_than_300_lines(root: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / root).rglob("*.py")}
    assert lengths
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 300} == {}
