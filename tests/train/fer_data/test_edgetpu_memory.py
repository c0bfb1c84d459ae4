"""The estimate of the Edge TPU's memory; tests/convert/check has it for whole networks."""

from __future__ import annotations

from fer_data.edgetpu_memory import depthwise_bytes, edge_tpu_bytes


def test_channels_are_rounded_up() -> None:
    assert edge_tpu_bytes((3, 3, 1, 24)) == 64 * 9 * 16 + 12 * 64
    assert edge_tpu_bytes((1, 1, 64, 7)) == 64 * 64 + 12 * 64


def test_a_depthwise_convolution_has_no_input_depth() -> None:
    assert depthwise_bytes((3, 3, 24, 1)) == 64 * 9 + 12 * 64
