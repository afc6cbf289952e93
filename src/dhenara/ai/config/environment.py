"""The process's environment: read here, and handed to whoever needs a part of it."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """The live environment; what is set later is seen later."""
    return os.environ
