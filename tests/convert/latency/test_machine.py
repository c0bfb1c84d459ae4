"""The description of the machine that a figure was measured on."""

from __future__ import annotations

from pathlib import Path

from fer_convert.latency.machine import CPUINFO, DEVICE_TREE, GOVERNOR, describe_machine, machine_summary


def write(root: Path, name: str, content: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(content)


def test_the_board_is_read_from_the_device_tree(tmp_path: Path) -> None:
    write(tmp_path, DEVICE_TREE, b"Raspberry Pi 4 Model B Rev 1.4\0")
    write(tmp_path, GOVERNOR, b"ondemand\n")
    write(tmp_path, CPUINFO, b"processor\t: 0\nBogoMIPS\t: 108.00\n")
    described = describe_machine(tmp_path)
    assert (described["board"], described["governor"]) == ("Raspberry Pi 4 Model B Rev 1.4", "ondemand")
    assert described["cpu"] is None
    assert machine_summary(described).startswith("Raspberry Pi 4 Model B Rev 1.4, ")
    assert "governor ondemand" in machine_summary(described)


def test_the_processor_is_named_and_unknown_facts_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, CPUINFO, b"processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Another\n")
    described = describe_machine(tmp_path)
    assert (described["board"], described["cpu"], described["governor"]) == (None, "Some CPU @ 2 GHz", None)
    assert machine_summary(described).startswith("Some CPU @ 2 GHz, ")
    assert "governor" not in machine_summary(described)
