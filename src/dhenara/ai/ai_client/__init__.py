"""The client, importable from its old module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from .. import *
    from ..client import AIModelClient as AIModelClient
    from ..compat import *

__getattr__, __dir__ = lazy_package(__name__, {}, beyond="..")
