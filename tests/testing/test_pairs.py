"""Combinations of values that run in each run of the suite."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from support.pairs import every_pair


@pytest.mark.parametrize("sizes", [(31, 5, 3, 2), (31, 7, 2), (2, 2, 2), (4, 3), (1, 1, 1)], ids=str)
def test_any_two_values_are_together_in_a_case_that_is_not_slow(sizes: tuple[int, ...]) -> None:
    parameters = [range(size) for size in sizes]
    cases = every_pair(*parameters)
    assert [case.values for case in cases] == list(product(*parameters))
    chosen = [case.values for case in cases if not case.marks]
    for (first, those), (second, others) in combinations(enumerate(parameters), 2):
        assert {(case[first], case[second]) for case in chosen} == set(product(those, others))


def test_most_combinations_are_slow() -> None:
    assert sum(not case.marks for case in every_pair(range(31), range(5), range(3), range(2))) <= 170
    assert sum(not case.marks for case in every_pair(range(31), range(7), range(2))) <= 220
