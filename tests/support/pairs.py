"""Cases of a test with three or more parameters, of which most would run the same code again."""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations, product
from typing import Any

import pytest


def every_pair(*parameters: Collection[Any]) -> list[Any]:
    """All combinations of these values; those that repeat pairs of earlier ones run with the slow tests.

    Any two values of different parameters are together in some case of each run: a fault that depends on one or two
    parameters shows in it.
    """
    combined = list(product(*(range(len(one)) for one in parameters)))
    pairs = [set(combinations(enumerate(one), 2)) for one in combined]
    chosen: set[int] = set()
    covered: set[Any] = set()
    for least in range(len(parameters) * (len(parameters) - 1) // 2, 0, -1):
        for number, added in enumerate(pairs):
            if len(added - covered) >= least:
                chosen.add(number)
                covered |= added
    return [
        pytest.param(*values, marks=() if number in chosen else pytest.mark.slow)
        for number, values in enumerate(product(*parameters))
    ]
