"""Name lookup with a timeout, and connecting to the first address that accepts."""

from __future__ import annotations

import gc
import socket
import threading
import warnings
from typing import Any

import pytest

from dhenara.ai.http.sockets.connection import connect_first


def test_a_slow_lookup_times_out() -> None:
    asleep = threading.Event()

    def lookup(*_: Any, **__: Any) -> list[Any]:
        asleep.wait(100)
        return []

    with pytest.raises(TimeoutError):
        connect_first("slow.example", 80, 0.05, lookup)
    asleep.set()


def test_an_unknown_host_raises_gaierror() -> None:
    def lookup(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror("no such host")

    with pytest.raises(socket.gaierror):
        connect_first("nowhere.example", 80, 100, lookup)


def test_the_next_address_is_tried_when_one_refuses_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # it does not listen, and nobody else can get its port
        there, closed = server.getsockname(), bound.getsockname()

        def lookup(*_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in (closed, there)]

        with connect_first("two.example", 80, 100, lookup) as actual:
            assert actual.getpeername() == there


@pytest.mark.parametrize("timeout", [None, 100.0])
def test_host_names_and_numeric_addresses_connect(timeout: float | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        for host in ("127.0.0.1", b"127.0.0.1", "localhost"):
            with connect_first(host, server.getsockname()[1], timeout) as actual:
                assert actual.getpeername() == server.getsockname()


def test_a_garbage_collected_socket_closes_without_a_warning() -> None:
    gc.collect()  # what others left behind is not what is looked at
    with socket.create_server(("127.0.0.1", 0)) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        cycle: list[Any] = [connect_first("127.0.0.1", server.getsockname()[1], None)]
        cycle.append(cycle)
        there, _ = server.accept()
        del cycle
        gc.collect()
        with there:
            there.settimeout(100)
            assert there.recv(1) == b""
