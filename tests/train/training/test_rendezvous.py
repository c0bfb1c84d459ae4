"""Processes of a distributed run, here threads, that wait for each other at a real port."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.network import free_port
from tests.support.waiting import wait_until

from fer_edge.errors import UsageError
from fer_train.training.rendezvous import MissingProcessError, meet


def test_every_process_waits_for_all_others_and_reports_whom(capsys: pytest.CaptureFixture[str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    with ThreadPoolExecutor() as pool:
        second = pool.submit(meet, address, 3, 2, timeout=20)
        wait_until(lambda: f"waiting for process 0 at {address}, up to 20 s" in capsys.readouterr().err, 10)
        first = pool.submit(meet, address, 3, 0, timeout=20)
        wait_until(lambda: "waiting for process 1 at" in capsys.readouterr().err, 10)
        assert not first.done()
        assert not second.done()
        third = pool.submit(meet, address, 3, 1, timeout=20)
        assert [each.result(20) for each in (first, second, third)] == ["127.0.0.1"] * 3


def test_a_missing_process_is_named_by_the_first_one_and_by_those_that_are_there() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(MissingProcessError, match=rf"--distribute {address}: process 0 did not connect within 1 s"):
        meet(address, 3, 1, timeout=1)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(meet, address, 3, 0, timeout=4)
        second = pool.submit(meet, address, 3, 1, timeout=2)
        with pytest.raises(MissingProcessError, match="process 2 did not connect within 2 s"):
            second.result(20)
        with pytest.raises(MissingProcessError, match="process 2 did not connect within 4 s: start every process"):
            first.result(20)


def test_a_second_process_with_the_same_index_and_other_programs_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    port = free_port()
    address = f"127.0.0.1:{port}"
    with ThreadPoolExecutor() as pool:
        first = pool.submit(meet, address, 3, 0, timeout=20)
        second = pool.submit(meet, address, 3, 1, timeout=20)
        wait_until(lambda: "waiting for process 2 at" in capsys.readouterr().err, 10)
        for count, index in ((3, 1), (2, 1), (4, 3)):
            with pytest.raises(MissingProcessError, match="process 0 has refused this process"):
                meet(address, count, index, timeout=20)
        with socket.create_connection(("127.0.0.1", port), 5) as browser:
            browser.sendall(b"GET / HTTP/1.1\r\n")
            assert browser.recv(100) == b""
        third = pool.submit(meet, address, 3, 2, timeout=20)
        assert {each.result(20) for each in (first, second, third)} == {"127.0.0.1"}


def test_a_port_that_is_in_use_is_reported() -> None:
    with socket.create_server(("", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UsageError, match=f"--distribute {address}: Address already in use: give another port"):
            meet(address, 2, 0, timeout=5)
