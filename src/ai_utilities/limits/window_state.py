"""What is used of the limits of one API key, and the steps that change it. Pure: state and time in, verdict out.

The state of an account is JSON. A window is divided into slots, and a slot counts until all of it has left the window:
so the sum over any window never exceeds the limit. `account.lua` does the same in Redis, as one step of the server.

An account has a time of its own, `clock`: what was last seen of the store's clock, and how far the time of the account
is ahead of it. It only goes forward, so a clock that is set back blocks nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, cast

from ..exceptions import JsonObject
from .limit import (
    NO_VERDICT,
    Account,
    Ask,
    LeaveAsk,
    LiveLevel,
    LiveWant,
    ObserveAsk,
    PauseAsk,
    SettleAsk,
    TakeAsk,
    Verdict,
    Want,
)

SLOTS = 50
GRACE = 3.0
"""Seconds after which a waiting call that did not ask again counts as gone."""

NEVER_LONGER = 1.0
"""The longest poll interval of a waiting call in seconds, unless its ask has `looks`."""

SHORTLY = 0.02
"""Seconds to the next attempt for a place among concurrent calls, times the calls before it in the queue."""


def new_state() -> Account:
    """The state of an account that was not used yet."""
    return {"windows": {}, "live": {}, "running": {}, "paused": 0.0, "queue": []}


KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("windows", "live", "running"), dict),
    "paused": (int, float),
    "queue": list,
}
"""The types of the parts of an account."""


def apply_step(account: Account, step: str, ask: Ask, now: float) -> Verdict:
    """Changes an account in place.

    Args:
        account: The account.
        step: `take`, `settle`, `leave`, `pause` or `observe`.
        ask: The arguments of the step.
        now: The time by the clock of the store.
    """
    return STEPS[step](account, ask, tick(account, now))


def apply_steps(account: Account, steps: Sequence[tuple[str, Ask]], now: float) -> Verdict:
    """Does several steps at one moment.

    Args:
        account: The account.
        steps: Each step and its arguments.
        now: The time by the clock of the store.

    Returns:
        The verdict of the last step.
    """
    at, verdict = tick(account, now), NO_VERDICT
    for step, ask in steps:
        verdict = STEPS[step](account, ask, at)
    return verdict


def tick(account: Account, seen: float) -> float:
    """The time of the account, which only goes forward."""
    clock = account.setdefault("clock", {"seen": seen, "ahead": 0.0})
    clock["ahead"] += max(0.0, clock["seen"] - seen)
    clock["seen"] = seen
    return float(seen + clock["ahead"])


def checked(state: object) -> Account:
    """A stored account; parts that older versions did not have are added.

    Raises:
        ValueError: If it is damaged.
    """
    if not isinstance(state, dict):
        raise ValueError("an account is an object")
    account: JsonObject = {**new_state(), **state}
    for name, kind in KINDS.items():
        if not isinstance(account[name], kind):
            raise ValueError(f"{name} of the account is damaged")
    return cast("Account", account)


def take(account: Account, ask: TakeAsk, now: float) -> Verdict:
    """Grants the call, or puts it into the queue and returns how long it has to wait for what."""
    if account["queue"]:
        account["queue"] = [
            queued for queued in account["queue"] if queued["until"] > now or queued["ticket"] == ask["ticket"]
        ]
    before = reserved_before(account, ask["ticket"])
    wait, why, look = account["paused"] - now, "paused", 0.0
    for want in ask["wants"]:
        seconds = window_wait(account, want, before.get(want["bucket"], 0), now)
        if seconds > wait:
            wait, why = seconds, want["bucket"]
    for live_want in ask["live"] if account["live"] else ():
        seconds = live_wait(account, live_want, before.get(live_want["bucket"], 0), now)
        if seconds > wait:
            wait, why = seconds, live_want["bucket"]
    for lane in ask["lanes"]:
        too_many = running_count(account, lane["lane"], now) + before.get(lane["lane"], 0) - lane["limit"] + 1
        look = max(look, too_many * SHORTLY)
        if too_many > 0 and wait < SHORTLY:
            wait, why = SHORTLY, lane["lane"]
    if wait > 0:
        look = min(max(look, wait), ask.get("looks", NEVER_LONGER))
        add_waiter(account, ask, look, now)
        return {"wait": wait, "why": why, "look": look, "at": now}
    grant_request(account, ask, now)
    return {"wait": 0.0, "why": "", "look": 0.0, "at": now}


def settle(account: Account, ask: SettleAsk, now: float) -> Verdict:
    """Ends a granted call, and corrects the amounts that were counted for it."""
    for lane in account["running"].values():
        lane.pop(ask["ticket"], None)
    for want in ask["wants"]:
        slots = account["windows"].get(want["bucket"], {})
        slot = str(math.floor(ask["at"] / (want["window"] / SLOTS)))
        if slot in slots:
            slots[slot] = max(0, slots[slot] + want["amount"])
    for live_want in ask["live"]:
        if live_want["bucket"] in account["live"]:
            account["live"][live_want["bucket"]]["level"] -= live_want["amount"]
    return NO_VERDICT


def remove_waiter(account: Account, ask: LeaveAsk, now: float) -> Verdict:
    """Removes a waiting call from the queue."""
    account["queue"] = [queued for queued in account["queue"] if queued["ticket"] != ask["ticket"]]
    return NO_VERDICT


def pause_account(account: Account, ask: PauseAsk, now: float) -> Verdict:
    """Pauses all calls of the account for some seconds."""
    account["paused"] = max(account["paused"], now + ask["seconds"])
    return NO_VERDICT


def observe_remaining(account: Account, ask: ObserveAsk, now: float) -> Verdict:
    """Takes over what the provider reported, without calls granted meanwhile, so the lower level counts."""
    for seen in ask["seen"]:
        known = account["live"].get(seen["bucket"])
        level = seen["remaining"]
        if known is not None:
            level = min(level, current_level(known, now))
        rate = (seen["limit"] - seen["remaining"]) / seen["reset"] if seen["reset"] > 0 else 0.0
        usual = seen["limit"] / 60.0
        account["live"][seen["bucket"]] = {
            "level": level, "limit": seen["limit"], "rate": rate if rate > 0 else usual, "at": now,
        }  # fmt: skip
    return NO_VERDICT


STEPS: dict[str, Callable[[Account, Any, float], Verdict]] = {
    "take": take,
    "settle": settle,
    "leave": remove_waiter,
    "pause": pause_account,
    "observe": observe_remaining,
}


def reserved_before(account: Account, ticket: str) -> dict[str, float]:
    """The amounts of the calls before this one in the queue, by bucket."""
    amounts: dict[str, float] = {}
    for queued in account["queue"]:
        if queued["ticket"] == ticket:
            break
        for bucket, amount in queued["amounts"].items():
            amounts[bucket] = amounts.get(bucket, 0) + amount
    return amounts


def window_wait(account: Account, want: Want, before: float, now: float) -> float:
    """Seconds until the amount fits into its window."""
    window = want["window"]
    width = window / SLOTS
    slots = account["windows"].setdefault(want["bucket"], {})
    # The time of an account only goes forward, so its slots are in order.
    while slots and (int(oldest := next(iter(slots))) + 1) * width + window <= now:
        del slots[oldest]
    excess = sum(slots.values()) + before + want["amount"] - want["limit"]
    if excess <= 0:
        return 0.0
    for slot in sorted(slots, key=int):
        excess -= slots[slot]
        if excess <= 0:
            return float((int(slot) + 1) * width + window - now)
    return float(window)


def live_wait(account: Account, want: LiveWant, before: float, now: float) -> float:
    """Seconds until the provider allows the amount again."""
    known = account["live"].get(want["bucket"])
    if known is None:
        return 0.0
    missing = min(want["amount"] + before, known["limit"]) - current_level(known, now)
    return float(missing / known["rate"]) if missing > 0 else 0.0


def current_level(known: LiveLevel, now: float) -> float:
    """What is left of a limit of the provider now."""
    return float(min(known["limit"], known["level"] + known["rate"] * max(0.0, now - known["at"])))


def running_count(account: Account, lane: str, now: float) -> int:
    """How many calls are running in a lane; calls whose lease has ended are removed."""
    calls = account["running"].setdefault(lane, {})
    for ticket in [ticket for ticket, until in calls.items() if until <= now]:
        del calls[ticket]
    return len(calls)


def add_waiter(account: Account, ask: TakeAsk, look: float, now: float) -> None:
    """Adds a call to the queue, or extends its time there."""
    until = now + look + GRACE
    for queued in account["queue"]:
        if queued["ticket"] == ask["ticket"]:
            queued["until"] = until
            return
    amounts = {want["bucket"]: want["amount"] for want in (*ask["wants"], *ask["live"])}
    amounts.update({lane["lane"]: 1 for lane in ask["lanes"]})
    account["queue"].append({"ticket": ask["ticket"], "until": until, "amounts": amounts})


def grant_request(account: Account, ask: TakeAsk, now: float) -> None:
    """Counts a granted call."""
    if account["queue"]:
        remove_waiter(account, ask, now)
    for want in ask["wants"]:
        slots = account["windows"][want["bucket"]]
        slot = str(math.floor(now / (want["window"] / SLOTS)))
        slots[slot] = slots.get(slot, 0) + want["amount"]
    for live_want in ask["live"] if account["live"] else ():
        known = account["live"].get(live_want["bucket"])
        if known is not None:
            known["level"], known["at"] = current_level(known, now) - live_want["amount"], now
    for lane in ask["lanes"]:
        account["running"][lane["lane"]][ask["ticket"]] = now + ask["lease"]
