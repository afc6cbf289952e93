"""Responses through a plain proxy: credentials that the proxy repeats are masked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..wire.frame import BrokenFraming
from ..wire.transport_protocol import ConnectFailed, ConnectionBroken, Response
from .proxy import Proxy


@contextmanager
def hiding_secrets(proxy: Proxy) -> Iterator[None]:
    """Mask the proxy's password in errors."""
    try:
        yield
    except (ConnectionBroken, ConnectFailed, BrokenFraming) as error:
        text = str(error)
        if proxy.hide(text) == text:
            raise
        raise type(error)(proxy.hide(text)) from None


class ProxiedResponse:
    """A response of a proxy; `secrets` are masked in errors and heads."""

    __slots__ = ("_proxy", "_response", "head", "secrets")

    def __init__(self, response: Response, proxy: Proxy) -> None:
        self.head = response.head
        self.secrets = proxy.secrets()
        self._response = response
        self._proxy = proxy

    async def read(self) -> bytes:
        with hiding_secrets(self._proxy):
            return await self._response.read()

    async def close(self) -> None:
        await self._response.close()

    def abandon(self) -> None:
        self._response.abandon()
