"""How commands end: one line on stderr, and an exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
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


@pytest.mark.parametrize("arguments", [["--schema"], ["--print-config"]])
def test_a_full_disk_behind_stdout_is_one_line_and_exit_1(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("fer_edge", *arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        1,
        "fer-edge: cannot write to standard output: No space left on device\n",
    )


def test_a_stdout_that_is_closed_is_no_error() -> None:
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command("fer_edge", "--print-config")]
    done = subprocess.run(closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
