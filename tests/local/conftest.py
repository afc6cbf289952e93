"""A real llama.cpp server for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.llama_server import CannotServe, llama_server


@pytest.fixture(scope="session")
def llama() -> Iterator[str]:
    """The root address of a server with a small real model."""
    try:
        with llama_server() as address:
            yield address
    except CannotServe as problem:
        pytest.skip(str(problem))
