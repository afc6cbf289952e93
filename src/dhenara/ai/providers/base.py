"""Names of version 1 for providers of your own; each raises an error that names what to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy_package import lazy_package

if TYPE_CHECKING:
    from ..types import *

__getattr__, __dir__ = lazy_package(__name__, {}, beyond="...types")
