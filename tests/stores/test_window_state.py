"""The steps on the account of one key: rolling windows, the queue, concurrent calls, and what providers say is left.

A window of 50 seconds has slots of one second here: what is granted at 100.5 is in slot 100, and out at 151.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from ai_utilities.limits.window_state import Account, apply_step, checked, new_state, tick

GRANTED = {"wait": 0.0, "why": "", "look": 0.0}


def want(amount: float = 1, limit: float = 2, window: float = 50, bucket: str = "w") -> dict[str, Any]:
    return {"bucket": bucket, "amount": amount, "limit": limit, "window": window}


def live(amount: float = 1, bucket: str = "l") -> dict[str, Any]:
    return {"bucket": bucket, "amount": amount}


def lane(limit: int = 1, name: str = "c") -> dict[str, Any]:
    return {"lane": name, "limit": limit}


def take(account: Account, ticket: str, now: float, *wants: Any, **others: Any) -> dict[str, Any]:
    ask = {"ticket": ticket, "wants": wants, "live": (), "lanes": (), "lease": 600.0, **others}
    return apply_step(account, "take", ask, now)


def settle(account: Account, ticket: str, at: float, *wants: Any, live: Any = (), now: float = 110.0) -> None:
    assert apply_step(account, "settle", {"ticket": ticket, "at": at, "wants": wants, "live": live}, now) == {}


def observe(account: Account, now: float, remaining: float, limit: float = 60.0, reset: float = 10.0) -> None:
    seen = [{"bucket": "l", "limit": limit, "remaining": remaining, "reset": reset}]
    assert apply_step(account, "observe", {"seen": seen}, now) == {}


def waits(verdict: dict[str, Any]) -> tuple[float, str]:
    return pytest.approx(verdict["wait"]), verdict["why"]


# Windows


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 4)), max_size=30))
def test_no_window_ever_has_more_than_the_limit(calls: list[tuple[float, int]]) -> None:
    account, now, granted = new_state(), 1000.0, list[tuple[float, int]]()
    for number, (pause, amount) in enumerate(calls):
        now += pause
        if not take(account, str(number), now, want(amount, limit=5))["wait"]:
            granted.append((now, amount))
        apply_step(account, "leave", {"ticket": str(number)}, now)
    for start, _ in granted:
        assert sum(amount for at, amount in granted if start <= at < start + 50) <= 5


@given(st.floats(0, 5000), st.lists(st.tuples(st.floats(0, 20), st.integers(1, 5)), min_size=1, max_size=9))
def test_waiting_for_the_reported_time_is_enough(begin: float, calls: list[tuple[float, int]]) -> None:
    account, now = new_state(), begin
    for number, (pause, amount) in enumerate(calls):
        now += pause
        verdict = take(account, str(number), now, want(amount, limit=5), looks=500.0)
        now += verdict["wait"]
        assert verdict["wait"] == 0 or take(account, str(number), now + 0.001, want(amount, limit=5))["wait"] == 0


def test_amounts_up_to_the_limit_are_granted_at_once() -> None:
    account = new_state()
    assert take(account, "a", 100.5, want()) == {**GRANTED, "at": 100.5}
    assert take(account, "b", 101.5, want()) == {**GRANTED, "at": 101.5}
    assert account["windows"] == {"w": {"100": 1, "101": 1}}
    assert take(account, "c", 102.5, want())["wait"] > 0


def test_amounts_of_one_slot_add_up() -> None:
    account = new_state()
    take(account, "a", 100.1, want(2, limit=10))
    take(account, "b", 100.9, want(3, limit=10))
    assert account["windows"] == {"w": {"100": 5}}


def test_a_slot_counts_until_all_of_it_is_out_of_the_window() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    assert take(account, "b", 102.5, want())["wait"] == pytest.approx(151 - 102.5)
    assert take(account, "b", 150.5, want())["wait"] == pytest.approx(0.5)
    assert take(account, "b", 151.0, want())["wait"] == 0
    assert account["windows"] == {"w": {"151": 1}}


def test_the_wait_is_for_as_many_slots_as_have_to_go() -> None:
    account = new_state()
    for at in (98.5, 100.5, 109.5):
        take(account, str(at), at, want(2, limit=6))
    assert waits(take(account, "b", 109.5, want(1, limit=6))) == (149 - 109.5, "w")
    apply_step(account, "leave", {"ticket": "b"}, 109.5)
    assert waits(take(account, "c", 109.5, want(2, limit=6))) == (149 - 109.5, "w")
    apply_step(account, "leave", {"ticket": "c"}, 109.5)
    assert waits(take(account, "d", 109.5, want(3, limit=6))) == (151 - 109.5, "w")
    apply_step(account, "leave", {"ticket": "d"}, 109.5)
    assert waits(take(account, "e", 109.5, want(6, limit=6))) == (160 - 109.5, "w")


def test_more_than_the_whole_limit_waits_a_window() -> None:
    assert waits(take(new_state(), "a", 100.0, want(3))) == (50.0, "w")


def test_the_longest_of_the_waits_counts() -> None:
    account = new_state()
    first, second = want(1, 1, 50, "short"), want(1, 1, 100, "long")
    take(account, "a", 100.5, first, second)
    assert waits(take(account, "b", 110.0, first, second)) == (202 - 110, "long")
    assert waits(take(account, "b", 110.0, second, first)) == (202 - 110, "long")


def test_buckets_do_not_share() -> None:
    account = new_state()
    take(account, "a", 100.0, want(2, bucket="one"))
    assert take(account, "b", 100.0, want(2, bucket="two"))["wait"] == 0


# The queue


def test_capacity_that_earlier_waiters_need_is_reserved() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    assert take(account, "b", 101.0, want(2))["wait"] == pytest.approx(50)
    assert waits(take(account, "c", 101.0, want())) == (50.0, "w")
    assert take(account, "b", 101.5, want(2))["wait"] == pytest.approx(49.5)


def test_waiters_are_served_in_their_order() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    for ticket in ("b", "c", "d"):
        take(account, ticket, 150.0, want())
    assert take(account, "d", 151.0, want())["wait"] > 0
    assert take(account, "c", 151.0, want())["wait"] == 0
    assert take(account, "b", 151.0, want())["wait"] == 0
    assert [one["ticket"] for one in account["queue"]] == ["d"]


def test_what_waiters_before_ask_for_adds_up() -> None:
    account = new_state()
    take(account, "a", 100.5, want(10, limit=10))
    take(account, "b", 150.0, want(4, limit=10))
    take(account, "c", 150.0, want(4, limit=10))
    assert take(account, "d", 151.0, want(3, limit=10))["wait"] > 0
    assert take(account, "d", 151.0, want(2, limit=10))["wait"] == 0


def test_a_waiter_retries_within_a_second() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    assert take(account, "b", 101.0, want())["look"] == 1.0
    assert take(account, "b", 101.0, want(), looks=7.0)["look"] == 7.0
    assert take(account, "b", 150.5, want(), looks=7.0)["look"] == pytest.approx(0.5)


def test_a_waiter_who_does_not_ask_again_is_gone_three_seconds_later() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    take(account, "b", 149.0, want(2), looks=1.5)
    assert account["queue"] == [{"ticket": "b", "until": 149 + 1.5 + 3, "amounts": {"w": 2}}]
    assert take(account, "c", 153.4, want())["wait"] > 0
    apply_step(account, "leave", {"ticket": "c"}, 153.4)
    assert take(account, "c", 153.5, want())["wait"] == 0
    assert account["queue"] == []


def test_a_waiter_who_asks_late_keeps_its_place() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    take(account, "b", 120.0, want(2))
    take(account, "b", 140.0, want(2))
    assert account["queue"] == [{"ticket": "b", "until": 144.0, "amounts": {"w": 2}}]


def test_a_waiter_that_leaves_makes_room() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    take(account, "b", 150.0, want(2))
    take(account, "c", 150.0, want(1), lanes=[lane()], live=[live(5)])
    assert account["queue"][1]["amounts"] == {"w": 1, "l": 5, "c": 1}
    assert apply_step(account, "leave", {"ticket": "b"}, 150.0) == {}
    assert [one["ticket"] for one in account["queue"]] == ["c"]
    assert take(account, "d", 151.0, want(1))["wait"] == 0


# Pauses


def test_nobody_asks_while_the_account_is_paused() -> None:
    account = new_state()
    assert apply_step(account, "pause", {"seconds": 5.0}, 100.0) == {}
    assert waits(take(account, "a", 101.0, want())) == (4.0, "paused")
    assert take(account, "a", 105.0, want())["wait"] == 0


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    account = new_state()
    apply_step(account, "pause", {"seconds": 5.0}, 100.0)
    apply_step(account, "pause", {"seconds": 1.0}, 101.0)
    assert account["paused"] == 105.0
    apply_step(account, "pause", {"seconds": 9.0}, 101.0)
    assert account["paused"] == 110.0


def test_the_longer_of_a_pause_and_a_full_window_is_named() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    apply_step(account, "pause", {"seconds": 49.0}, 101.0)
    assert waits(take(account, "b", 101.0, want())) == (50.0, "w")
    apply_step(account, "pause", {"seconds": 50.0}, 101.0)
    assert waits(take(account, "b", 101.0, want())) == (50.0, "paused")


# Concurrent calls


def test_as_many_calls_run_as_the_lane_allows() -> None:
    account = new_state()
    assert take(account, "a", 100.0, lanes=[lane(2)])["wait"] == 0
    assert take(account, "b", 100.0, lanes=[lane(2)])["wait"] == 0
    verdict = take(account, "c", 100.0, lanes=[lane(2)])
    assert (verdict["wait"], verdict["why"], verdict["look"]) == (0.02, "c", 0.02)
    settle(account, "a", 100.0)
    assert take(account, "c", 100.0, lanes=[lane(2)])["wait"] == 0


def test_those_further_back_ask_less_often_for_a_place() -> None:
    account = new_state()
    take(account, "a", 100.0, lanes=[lane()])
    looks = [take(account, ticket, 100.0, lanes=[lane()])["look"] for ticket in "bcd"]
    assert looks == pytest.approx([0.02, 0.04, 0.06])


def test_a_place_goes_to_the_first_in_the_queue() -> None:
    account = new_state()
    take(account, "a", 100.0, lanes=[lane()])
    take(account, "b", 100.0, lanes=[lane()])
    settle(account, "a", 100.0, now=100.5)
    assert take(account, "c", 100.5, lanes=[lane()])["wait"] > 0
    assert take(account, "b", 100.5, lanes=[lane()])["wait"] == 0


def test_a_call_that_never_ends_gives_its_place_back_after_its_lease() -> None:
    account = new_state()
    take(account, "a", 100.0, lanes=[lane()], lease=10.0)
    assert take(account, "b", 109.9, lanes=[lane()])["wait"] > 0
    assert take(account, "b", 110.0, lanes=[lane()])["wait"] == 0
    assert account["running"] == {"c": {"b": 710.0}}


def test_a_long_wait_for_a_window_is_not_replaced_by_a_short_one_for_a_place() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2), lanes=[lane()])
    assert waits(take(account, "b", 101.0, want(), lanes=[lane()])) == (50.0, "w")
    assert waits(take(account, "b", 150.99, want(), lanes=[lane()])) == (0.02, "c")


def test_every_lane_must_have_a_place() -> None:
    account = new_state()
    take(account, "a", 100.0, lanes=[lane(1, "one")])
    assert waits(take(account, "b", 100.0, lanes=[lane(1, "one"), lane(9, "two")])) == (0.02, "one")
    assert waits(take(account, "b", 100.0, lanes=[lane(9, "two"), lane(1, "one")])) == (0.02, "one")
    assert account["running"]["two"] == {}


# Settling


def test_what_was_used_otherwise_than_expected_is_corrected_where_it_was_counted() -> None:
    account = new_state()
    take(account, "a", 100.5, want(5, limit=10))
    settle(account, "a", 100.5, want(-3))
    assert account["windows"]["w"] == {"100": 2}
    settle(account, "a", 100.5, want(4))
    assert account["windows"]["w"] == {"100": 6}
    settle(account, "a", 100.5, want(-9))
    assert account["windows"]["w"] == {"100": 0}
    settle(account, "a", 90.5, want(4))
    settle(account, "a", 100.5, want(4, bucket="other"))
    assert account["windows"] == {"w": {"100": 0}}


@pytest.mark.parametrize(("window", "slot"), [(25, "201"), (100, "50"), (60, "83")])
def test_a_window_has_fifty_slots(window: float, slot: str) -> None:
    account = new_state()
    take(account, "a", 100.6, want(5, 10, window))
    settle(account, "a", 100.6, want(-3, 10, window), now=100.7)
    assert account["windows"]["w"] == {slot: 2}
    out = (int(slot) + 1) * window / 50 + window
    assert waits(take(account, "b", 101.0, want(10, 10, window))) == (out - 101, "w")
    assert take(account, "b", out - 0.01, want(9, 10, window))["wait"] > 0
    assert take(account, "b", out, want(9, 10, window))["wait"] == 0


def test_the_end_of_an_unknown_call_changes_nothing() -> None:
    account = new_state()
    take(account, "a", 100.0, lanes=[lane()])
    settle(account, "nobody", 0)
    assert account["running"] == {"c": {"a": 700.0}}


def test_what_was_used_is_not_left_at_the_provider() -> None:
    account = new_state()
    observe(account, 100.0, 30.0)
    settle(account, "a", 100.0, live=[live(4), live(4, "unknown")])
    assert account["live"]["l"]["level"] == 26.0
    assert "unknown" not in account["live"]


# What the provider says is left


def test_what_is_left_grows_back_at_the_rate_that_the_reset_implies() -> None:
    account = new_state()
    observe(account, 100.0, 20.0)
    assert account["live"]["l"] == {"level": 20.0, "limit": 60.0, "rate": 4.0, "at": 100.0}
    assert waits(take(account, "a", 100.0, live=[live(28)])) == (2.0, "l")
    assert take(account, "a", 102.0, live=[live(28)])["wait"] == 0
    assert account["live"]["l"] == {"level": 0.0, "limit": 60.0, "rate": 4.0, "at": 102.0}
    assert waits(take(account, "b", 103.0, live=[live(8)])) == (1.0, "l")


def test_less_than_one_that_is_missing_is_waited_for() -> None:
    account = new_state()
    observe(account, 100.0, 20.0)
    assert waits(take(account, "a", 100.0, live=[live(20.5)])) == (0.125, "l")


@pytest.mark.parametrize(("remaining", "reset"), [(20.0, 0.0), (60.0, 10.0), (20.0, -1.0)])
def test_the_rate_defaults_to_the_limit_per_minute(remaining: float, reset: float) -> None:
    account = new_state()
    observe(account, 100.0, remaining, reset=reset)
    assert account["live"]["l"]["rate"] == 1.0


def test_a_reset_within_a_second_counts() -> None:
    account = new_state()
    observe(account, 100.0, 20.0, reset=0.5)
    assert account["live"]["l"]["rate"] == 80.0


def test_the_smaller_of_reported_and_known_limits_counts() -> None:
    account = new_state()
    observe(account, 100.0, 20.0)
    observe(account, 101.0, 30.0)
    assert account["live"]["l"]["level"] == 24.0
    observe(account, 101.0, 10.0)
    assert account["live"]["l"]["level"] == 10.0


def test_what_is_left_never_grows_beyond_the_limit() -> None:
    account = new_state()
    observe(account, 100.0, 20.0)
    assert take(account, "a", 200.0, live=[live(60)])["wait"] == 0
    assert account["live"]["l"]["level"] == 0.0


def test_more_than_the_providers_whole_limit_waits_until_all_of_it_is_there() -> None:
    account = new_state()
    observe(account, 100.0, 20.0)
    assert waits(take(account, "a", 100.0, live=[live(500)])) == (10.0, "l")
    assert take(account, "a", 110.0, live=[live(500)])["wait"] == 0


def test_remaining_capacity_is_reserved_for_earlier_waiters() -> None:
    account = new_state()
    observe(account, 100.0, 20.0)
    take(account, "a", 100.0, live=[live(24)])
    assert waits(take(account, "b", 100.0, live=[live(8)])) == (3.0, "l")


def test_responses_without_limit_headers_limit_nothing() -> None:
    account = new_state()
    assert take(account, "a", 100.0, live=[live(10**9)])["wait"] == 0
    assert account["live"] == {}


# The clock and stored accounts


def test_a_clock_that_was_set_back_goes_on_from_where_it_was() -> None:
    account = new_state()
    assert [tick(account, seen) for seen in (100.0, 105.0, 50.0, 60.0, 10.0, 11.0)] == [100, 105, 105, 115, 115, 116]
    assert account["clock"] == {"seen": 11.0, "ahead": 105.0}


def test_steps_are_taken_at_the_time_of_the_account() -> None:
    account = new_state()
    take(account, "a", 100.5, want(2))
    assert take(account, "b", 20.0, want())["at"] == 100.5
    assert take(account, "b", 21.0, want())["at"] == 101.5


def test_a_stored_account_gets_the_parts_that_it_lacks() -> None:
    assert checked({}) == new_state() == {"windows": {}, "live": {}, "running": {}, "paused": 0.0, "queue": []}
    stored = {"windows": {"w": {"1": 2}}, "paused": 7, "clock": {"seen": 1.0, "ahead": 0.0}}
    assert checked(stored) == {**new_state(), **stored}


@pytest.mark.parametrize("damage", [None, [], "x", {"windows": []}, {"paused": "now"}, {"queue": {}}, {"live": None}])
def test_a_damaged_account_is_refused(damage: Any) -> None:
    with pytest.raises(ValueError, match="account is"):
        checked(damage)
