"""Names of providers, at the address where they used to live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._lazy import lazy

if TYPE_CHECKING:
    from .. import *

__getattr__, __dir__ = lazy(__name__, {}, beyond="..")
