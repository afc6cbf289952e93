"""Exceptions, importable from their old module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...lazy_package import lazy_package

if TYPE_CHECKING:
    from ...compat import *
    from .. import *

__getattr__, __dir__ = lazy_package(__name__, {}, beyond="..")
