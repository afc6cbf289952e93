"""The vocabulary of generation, at the address where it used to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import lazy_package

if TYPE_CHECKING:
    from .. import *

__getattr__, __dir__ = lazy_package(__name__, {}, beyond="..")
