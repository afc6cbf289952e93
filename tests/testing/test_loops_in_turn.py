"""Cases of tests that run on one event loop each, and on all of them with the slow tests."""

from __future__ import annotations

from itertools import product

import pytest

from support.worlds import has_turn

SIZES = list(product(range(1, 40), (1, 3)))


def loops_of(case: int, cases: int, loops: int) -> list[int]:
    return [loop for loop in range(loops) if has_turn(case, cases, loop, loops)]


def test_each_case_has_a_loop_and_each_loop_a_case() -> None:
    for cases, loops in SIZES:
        provided = [loops_of(case, cases, loops) for case in range(cases)]
        assert all(provided)
        assert {loop for one in provided for loop in one} == set(range(loops))


def test_with_enough_cases_each_has_one_loop() -> None:
    assert [loops_of(case, 5, 3) for case in range(5)] == [[0], [1], [2], [1], [2]]
    assert [loops_of(case, 2, 3) for case in range(2)] == [[0, 2], [1]]
    assert loops_of(0, 1, 3) == [0, 1, 2]


@pytest.mark.parametrize("values", range(2, 8))
def test_each_value_of_a_parameter_gets_each_loop(values: int) -> None:
    cases = values * 9
    for value in range(values):
        assert {loop for case in range(value, cases, values) for loop in loops_of(case, cases, 3)} == {0, 1, 2}
