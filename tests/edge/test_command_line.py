"""How commands end: one line on stderr, and an exit code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.media import MEDIA
from tests.support.processes import command

from fer_edge.command_line import OneLineParser, run_command
from fer_edge.errors import ConfigError, FerError, UsageError


def test_a_wrong_argument_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        OneLineParser(prog="fer-edge").parse_args(["--bogus"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "fer-edge: unrecognized arguments: --bogus (see fer-edge --help)\n"


def test_an_argument_that_is_not_expected_is_quoted_without_its_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["rtsp://me:hunt er2@h/s"], ["me:hunter2@h"], ["--v=http://h/?key=hunter2"]):
        parser = OneLineParser(prog="fer-edge")
        parser.add_argument("--version")
        parser.add_argument("--verbose")
        with pytest.raises(SystemExit):
            parser.parse_args(arguments)
    assert "er2" not in capsys.readouterr().err


@pytest.mark.parametrize(("error", "code"), [(FerError("x"), 1), (UsageError("x"), 2), (ConfigError("x"), 78)])
def test_an_error_of_the_project_is_one_line_and_its_exit_code(
    error: FerError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    assert run_command("fer-edge", fail) == code
    assert capsys.readouterr().err == "fer-edge: x\n"


def test_a_path_that_cannot_be_used_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("x" * 300)
    assert run_command("fer-train", lambda: int(os.stat(path).st_size)) == 2  # noqa: PTH116 - as Path.is_dir does
    assert capsys.readouterr().err == f"fer-train: {path}: File name too long\n"
    with pytest.raises(FileNotFoundError):  # a fault of the program, not of its arguments
        run_command("fer-train", lambda: int(os.stat("missing").st_size))  # noqa: PTH116


def test_ctrl_c_is_exit_130_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt() -> int:
        raise KeyboardInterrupt

    assert run_command("fer-edge", interrupt) == 130
    assert capsys.readouterr().err == ""


def test_a_command_whose_reader_has_gone_ends_quietly_with_0() -> None:
    program = (
        "import sys; from fer_edge.command_line import run_command\n"
        "sys.exit(run_command('fer-edge', lambda: print('x' * 1_000_000) or 0))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "fer-edge: Too many open files: raise the limit of open files"),
        (OSError(errno.EAGAIN, "Try again"), "fer-edge: Try again: raise the limits of processes"),
        (RuntimeError("can't start new thread"), "fer-edge: can't start new thread: raise the limits of processes"),
        (MemoryError(), "fer-edge: not enough memory\n"),
        (ImportError("libGL.so.1: no such file", name="cv2"), "fer-edge: cannot load cv2: libGL.so.1: no such file\n"),
    ],
)
def test_what_the_system_lacks_is_one_line_and_exit_1(
    error: Exception, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    assert run_command("fer-edge", fail) == 1
    assert capsys.readouterr().err.startswith(expected)


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file"), RuntimeError("a defect"), KeyError("x")])
def test_a_defect_is_not_taken_for_a_shortage(error: Exception) -> None:
    def fail() -> int:
        raise error

    with pytest.raises(type(error)):
        run_command("fer-edge", fail)


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


@pytest.mark.parametrize(
    ("module", "flags"),
    [
        ("fer_edge", "--help"),
        ("fer_edge", "--print-config"),
        ("fer_train", "--version"),
        ("fer_convert", "--help"),
    ],
)
@pytest.mark.parametrize(
    ("stdout", "code", "expected"),
    [
        ("| true", 0, ""),
        (">&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
        (">/dev/full", 1, "cannot write to standard output: No space left on device"),
        ("1</dev/null", 1, "cannot write to standard output: Bad file descriptor"),
    ],
)
def test_a_stdout_that_cannot_be_written(module: str, flags: str, stdout: str, code: int, expected: str) -> None:
    script = ["bash", "-c", f'set -o pipefail; "$@" {stdout}', "bash", *command(module, *flags.split())]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=60, env=BUFFERED)
    line = f"{module.replace('_', '-')}: {expected}\n" if expected else ""
    assert (done.returncode, done.stderr) == (code, line)


@pytest.mark.parametrize(("module", "flags"), [("fer_edge", "--help"), ("fer_train", "fit --help")])
def test_help_that_is_written_without_a_buffer_cannot_be_lost_unnoticed(module: str, flags: str) -> None:
    script = ["bash", "-c", '"$@" >/dev/full', "bash", *command(module, *flags.split())]
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=60, env=unbuffered)
    assert done.returncode == 1
    assert done.stderr.endswith("cannot write to standard output: No space left on device\n")


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_a_file_name_that_stdout_cannot_encode_is_printed_with_escapes(encoding: str) -> None:
    arguments = [*map(os.fsencode, command("fer_edge", "--print-config", "--model")), b"/k\xc3\xbcche/\xff.tflite"]
    done = subprocess.run(
        arguments, capture_output=True, check=False, timeout=60, env={**os.environ, "PYTHONIOENCODING": encoding}
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"/\\udcff.tflite" in done.stdout


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("flags", "code"), [("--nonsense", 2), ("", 2), ("--camera 0 --model nowhere.tflite", 78)])
def test_the_exit_code_does_not_depend_on_stderr(stderr: str, flags: str, code: int) -> None:
    script = ["sh", "-c", f'"$@" {stderr}', "sh", *command("fer_edge", *flags.split())]
    assert subprocess.run(script, check=False, timeout=60).returncode == code


def test_a_small_limit_of_open_files_is_one_line_and_exit_1() -> None:
    arguments = command("fer_edge", "--camera", MEDIA / "no_face.png", "--mqtt", "none")
    script = ["sh", "-c", 'ulimit -n 6; exec "$@"', "sh", *arguments]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("fer-edge: Too many open files: ")
