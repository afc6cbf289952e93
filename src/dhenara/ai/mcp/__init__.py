"""Tools of MCP servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .server import MCPServer as MCPServer

__getattr__, __dir__ = lazy_package(__name__, {"MCPServer": ".server"})
