"""How much a test tries: enough in each run of the suite, more in `make test-all`."""

from __future__ import annotations

import os

THOROUGH = "THOROUGH" in os.environ


def examples(thorough: int) -> int:
    """How many examples Hypothesis tries: this many in a thorough run, otherwise a third; each run tries new ones."""
    return thorough if THOROUGH else -(-thorough // 3)
