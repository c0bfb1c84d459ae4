"""The compile command, with a script in place of the Edge TPU compiler that writes what the real one writes."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tests.support.graphs import NANO, compiled
from tests.support.processes import Run, run
from tests.support.refusals import error_line
from tests.support.waiting import wait_until

from fer_convert.compile.compiler import CompilerError, parse_log
from fer_edge.inference.model_file import read_model, write_model

TABLE = """
Operator                       Count      Status

MUL                            1          Mapped to Edge TPU
ADD                            4          Mapped to Edge TPU
CONV_2D                        10         Mapped to Edge TPU
QUANTIZE                       2          Mapped to Edge TPU
MEAN                           1          Mapped to Edge TPU
FULLY_CONNECTED                1          Mapped to Edge TPU
SOFTMAX                        1          Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded!
"""


HEAD = """Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 213 ms.

Input model: /tmp/fer.tflite
Input size: 97.66KiB
Output model: fer_edgetpu.tflite
Output size: 232.50KiB
On-chip memory used for caching model parameters: 1.55MiB
On-chip memory remaining for caching model parameters: 6.14MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: {subgraphs}
Total number of operations: 20
Operation log: fer_edgetpu.log
"""


SUCCESS = HEAD.format(subgraphs=1) + TABLE


PARTLY = """
Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will instead run on the CPU, which is slower. If possible, consider updating your model to use only operations supported by the Edge TPU. For details, visit g.co/coral/model-reqs.
Number of operations that will run on Edge TPU: 17
Number of operations that will run on CPU: 3
"""  # noqa: E501


PARTIAL = (
    (HEAD.format(subgraphs=1) + PARTLY + TABLE)
    .replace("SOFTMAX                        1          Mapped to Edge TPU",
             "SOFTMAX                        1          More than one subgraph is not supported")
    .replace("MEAN                           1          Mapped to Edge TPU",
             "MEAN                           1          Operation is otherwise supported, but not mapped due to some "
             "unspecified limitation")
    .replace("QUANTIZE                       2          Mapped to Edge TPU",
             "QUANTIZE                       1          Mapped to Edge TPU\n"
             "QUANTIZE                       1          More than one subgraph is not supported")
)  # fmt: skip


NOT_QUANTIZED = "Edge TPU Compiler version 16.0.384591198\nInvalid model: fer.tflite\nModel not quantized\n"


INTERNAL = "Edge TPU Compiler version 16.0.384591198\n\nInternal compiler error. Aborting! \n"


TOO_NEW = """Edge TPU Compiler version 16.0.384591198
ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'. An older version of this builtin might be supported.

ERROR: Registration failed.

Invalid model: fer.tflite
Model could not be parsed
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "fer.tflite"
    write_model(path, NANO.graph, NANO.labels, {"name": "nano", "crop_margin": 0.1})
    return path


def fake_compiler(
    folder: Path, log: str, code: int = 0, graph: bytes | None = compiled(NANO.graph), then: str = ""
) -> Path:
    """A program that checks how it is called, writes `log`, leaves `graph` behind and exits with `code`."""
    (folder / "log").write_text(log)
    (folder / "graph").write_bytes(graph or b"")
    leave = f'cp "{folder}/graph" "$3/$(basename "$4" .tflite)_edgetpu.tflite"' if graph else ":"
    program = folder / "edgetpu_compiler"
    program.write_text(
        "#!/bin/sh\n"
        '[ $# = 4 ] && [ "$1" = -s ] && [ "$2" = -o ] && [ -d "$3" ] || exit 64\n'
        f'cmp -s -n {len(NANO.graph)} "$4" "{folder}/fer.tflite" || exit 65\n'
        f'cat "{folder}/log"\n{leave}\n{then}\nexit {code}\n'
    )
    program.chmod(0o755)
    return program


def compile_model(model: Path, *flags: object) -> Run:
    return run("fer_convert", "compile", model, "--compiler", model.parent / "edgetpu_compiler", *flags)


def test_the_compiled_graph_is_written_with_labels_and_card(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, SUCCESS)
    done = compile_model(model)
    assert (done.code, done.err) == (0, "")
    assert "CONV_2D                        10         Mapped to Edge TPU" in done.out
    written = read_model(tmp_path / "fer_edgetpu.tflite")
    assert written.graph == compiled(NANO.graph)
    assert written.labels == NANO.labels
    assert written.card == {
        "name": "nano",
        "crop_margin": 0.1,
        "compiler": "16.0.384591198",
        "compiled_from": NANO.sha256,
        "sha256": written.sha256,
    }
    assert written.sha256 in done.out
    assert run("fer_convert", "check", tmp_path / "fer_edgetpu.tflite").code == 0


def test_the_compiler_is_found_on_path_and_out_names_the_file(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, SUCCESS)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = run("fer_convert", "compile", model, "--out", tmp_path / "other.tflite", env=path)
    assert done.code == 0, done.err
    assert read_model(tmp_path / "other.tflite").labels == NANO.labels
    assert not (tmp_path / "fer_edgetpu.tflite").exists()


def test_json_output_has_the_contents_of_the_log(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, PARTIAL, graph=compiled(NANO.graph, left=3))
    done = compile_model(model, "--json", "--allow-cpu-ops")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    fates = report.pop("fates")
    assert report == {
        "version": "16.0.384591198",
        "input_size": round(97.66 * 1024),
        "output_size": 232.5 * 1024,
        "on_chip_used": round(1.55 * 2**20),
        "on_chip_remaining": round(6.14 * 2**20),
        "streamed": 0,
        "subgraphs": 1,
        "operations": 20,
        "mapped": 17,
        "on_cpu": 3,
    }
    assert {"operator": "QUANTIZE", "count": 1, "status": "More than one subgraph is not supported"} in fates
    assert sum(fate["count"] for fate in fates) == 20


def test_operators_left_to_the_cpu_are_named_and_no_file_is_written(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, PARTIAL, graph=compiled(NANO.graph, left=3))
    done = compile_model(model)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "left to the CPU: 1 QUANTIZE (More than one subgraph is not supported), 1 MEAN (" in done.err
    assert "--allow-cpu-ops" in done.err
    assert not (tmp_path / "fer_edgetpu.tflite").exists()
    assert compile_model(model, "--allow-cpu-ops").code == 0
    assert run("fer_convert", "check", tmp_path / "fer_edgetpu.tflite").code == 1


def test_several_subgraphs_are_counted() -> None:
    log = parse_log(HEAD.format(subgraphs=3) + TABLE)
    assert (log.subgraphs, log.operations, log.on_cpu) == (3, 20, ())


@pytest.mark.parametrize(
    ("size", "count"), [("0.00B", 0), ("512.00B", 512), ("74.00KiB", 74 * 2**10), ("1.50GiB", 3 * 2**29)]
)
def test_sizes_in_any_unit_are_converted_to_bytes(size: str, count: int) -> None:
    assert parse_log(SUCCESS.replace("0.00B", size)).streamed == count


@pytest.mark.parametrize("missing", ["Edge TPU Compiler version", "Input size", "Number of Edge TPU", "Off-chip"])
def test_a_log_that_lacks_a_line_is_an_error(missing: str) -> None:
    lines = [line for line in SUCCESS.splitlines() if not line.startswith(missing)]
    with pytest.raises(CompilerError, match=f"no line '{missing}"):
        parse_log("\n".join(lines))


@pytest.mark.parametrize(
    ("log", "code", "graph", "complaint"),
    [
        (NOT_QUANTIZED, 1, None, "failed (exit code 1): Model not quantized"),
        (INTERNAL, 1, None, "failed (exit code 1): Internal compiler error. Aborting!"),
        (TOO_NEW, 1, None, "Didn't find op for builtin opcode 'CONV_2D' version '6'"),
        (SUCCESS, 0, None, "succeeded but wrote no compiled model"),
        ("", 3, None, "failed (exit code 3): its log is empty"),
        (HEAD.format(subgraphs=1), 0, compiled(NANO.graph), "no table of operators in its log"),
        (SUCCESS, 0, NANO.graph, "mapped nothing of"),
        (SUCCESS, 0, b"edgetpu-custom-op, but no model", "mapped nothing of"),
    ],
    ids=["not-quantized", "internal", "too-new", "no-file", "silent", "no-table", "nothing-mapped", "no-model"],
)
def test_a_failure_gives_one_line_with_the_reason(
    tmp_path: Path, model: Path, log: str, code: int, graph: bytes | None, complaint: str
) -> None:
    (tmp_path / "fer_edgetpu.tflite").write_text("an earlier one")
    fake_compiler(tmp_path, log, code, graph)
    done = compile_model(model)
    assert done.code == 1
    assert complaint in error_line(done)
    assert (tmp_path / "fer_edgetpu.tflite").read_text() == "an earlier one"
    assert not list(tmp_path.glob(".fer*")), "no draft stays behind"


def test_a_crash_is_reported_with_its_signal(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, INTERNAL, graph=None, then="kill -ABRT $$")
    assert "failed (signal 6): Internal compiler error" in compile_model(model).err


def test_a_compiler_that_hangs_is_killed_with_its_children(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, INTERNAL, then=f"sleep 600 & echo $! > '{tmp_path}/child'; wait")
    done = compile_model(model, "--timeout", "0.5")
    assert done.code == 1
    assert "did not finish within 0.5 s (--timeout)" in done.err
    child = Path("/proc") / (tmp_path / "child").read_text().strip() / "cmdline"
    wait_until(lambda: not child.exists() or not child.read_bytes())  # or a zombie


def test_a_missing_compiler_is_reported_with_where_to_get_it(model: Path) -> None:
    done = run("fer_convert", "compile", model, env={"PATH": "/nonexistent"})
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "edgetpu_compiler is not installed: it comes from Coral's Debian packages" in done.err
    assert "x86-64 Linux only; fer-convert check MODEL works without it" in done.err


def test_a_program_that_cannot_be_run_is_reported(tmp_path: Path, model: Path) -> None:
    program = fake_compiler(tmp_path, SUCCESS)
    program.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert "edgetpu_compiler is not executable: it comes from" in compile_model(model).err
    program.write_bytes(b"\x7fELF of another machine")
    program.chmod(0o755)
    done = compile_model(model)
    assert done.code == 2
    assert "edgetpu_compiler cannot be run (Exec format error): it comes from" in done.err


@pytest.mark.parametrize(
    ("flags", "code", "complaint"),
    [
        ([], 78, "no labels.txt in it"),
        (["--out", "/nonexistent/x.tflite"], 2, "must be a file in an existing folder"),
        (["--timeout", "0"], 2, "--timeout 0: must be more than 0 seconds"),
    ],
    ids=["no-labels", "no-folder", "no-time"],
)
def test_what_cannot_be_compiled_is_refused(
    tmp_path: Path, model: Path, flags: list[str], code: int, complaint: str
) -> None:
    fake_compiler(tmp_path, SUCCESS)
    if code == 78:
        model.write_bytes(NANO.graph)
    done = compile_model(model, *flags)
    assert (done.code, done.err.count("\n")) == (code, 1)
    assert complaint in done.err


def test_a_compiled_model_is_not_compiled_again(tmp_path: Path, model: Path) -> None:
    fake_compiler(tmp_path, SUCCESS)
    write_model(model, compiled(NANO.graph), NANO.labels, {})
    done = compile_model(model)
    assert (done.code, "compiled already" in done.err) == (2, True)
