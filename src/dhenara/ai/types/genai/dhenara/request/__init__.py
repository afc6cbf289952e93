"""Types of requests, importable from their old module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .....lazy_package import lazy_package

if TYPE_CHECKING:
    from .....compat import *
    from .... import *

    # isort: split
    from .....compat.requests import Content as Content  # type: ignore[assignment]  # the Content of version 1

__getattr__, __dir__ = lazy_package(__name__, {"Content": "dhenara.ai.compat.requests"}, beyond="....")
