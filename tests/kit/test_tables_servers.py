"""Servers that never end, or speak no HTTP, end a refresh of tables in time and with its own error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread

import pytest

from ai_utilities import AiSettings, refresh_tables
from ai_utilities.providers.tables_refresh import TablesError


@contextmanager
def serving(handler: type[StreamRequestHandler]) -> Iterator[str]:
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/tables.json"
        server.shutdown()


@pytest.mark.parametrize("stream", [b"x-more: 1\r\n", b""])
def test_a_server_that_never_ends_its_headers_is_left_in_time(stream: bytes, tmp_path: Path) -> None:
    ended = Event()

    class Slow(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            with suppress(OSError):
                while not ended.wait(0.05):
                    self.wfile.write(stream)

    with serving(Slow) as url:
        with pytest.raises(TablesError, match=r"longer than 0\.3 s|timed out"):
            refresh_tables(url, settings=AiSettings(tables_dir=tmp_path, _env_file=None), timeout=0.3)
        ended.set()


def test_what_is_no_http_is_an_error_of_tables(tmp_path: Path) -> None:
    class Other(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n")

    with serving(Other) as url, pytest.raises(TablesError, match="no valid HTTP response"):
        refresh_tables(url, settings=AiSettings(tables_dir=tmp_path, _env_file=None))


def test_a_server_that_refuses_is_named_without_the_words_of_a_library(tmp_path: Path) -> None:
    with serving(StreamRequestHandler) as url:
        pass
    with pytest.raises(TablesError, match=r"tables\.json: \[Errno \d+\] Connection refused; the tables in use did not"):
        refresh_tables(url, settings=AiSettings(tables_dir=tmp_path, _env_file=None))
