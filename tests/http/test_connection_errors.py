"""Chains of errors, which may be circular: `raise error from error` makes such a chain."""

from __future__ import annotations

import ssl

import httpcore2
import pytest

from dhenara.ai.http.aiohttp_transport import refusal_of
from dhenara.ai.http.httpx2_limits import tls_cause
from dhenara.ai.http.sockets.connection import chain_of, error_reason


def circle() -> Exception:
    first, second = httpcore2.ReadTimeout(), TimeoutError()
    first.__cause__, second.__cause__ = second, first
    return first


def test_a_chain_names_each_error_once() -> None:
    error = circle()
    assert list(chain_of(error)) == [error, error.__cause__]
    assert list(chain_of(None)) == []


def test_searches_of_a_circular_chain_end() -> None:
    assert error_reason(circle()) == "ReadTimeout"
    assert error_reason(circle(), "nothing known") == "nothing known"
    assert tls_cause(circle()) is None
    assert refusal_of(circle()) is None


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_the_reason_is_the_first_text_in_the_chain(link: str) -> None:
    error = httpcore2.ReadError()
    setattr(error, link, OSError(104, "Connection reset by peer"))
    assert error_reason(error) == "Connection reset by peer"


def test_a_tls_error_is_read_from_the_context_of_another_error() -> None:
    error = httpcore2.ReadError()
    error.__context__ = ssl.SSLError(1, "bad")
    assert tls_cause(error) is error.__context__
