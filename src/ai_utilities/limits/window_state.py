"""What is used of one key's limits, and the steps that change it. Pure: state and time in, verdict out.

An account is JSON: `windows` (bucket to amounts by slot), `live` (what the provider itself said is left), `running`
(concurrent calls), `paused` (until when nobody may ask) and `queue` (who waits, in order, and for how much). A window
is cut into slots, and a slot counts until all of it is out of the window: the sum over any window is never more than
the limit. `account.lua` is the same for Redis, where it runs as one step.

An account has a time of its own, `clock`: what was last seen of the store's clock, and how far the account's time is
ahead of it. It only goes forward: a clock that was set back blocks nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

Account = dict[str, Any]
Ask = Mapping[str, Any]

SLOTS = 50
GRACE = 3.0
"""Seconds after which a waiting caller who did not ask again is taken for gone."""

NEVER_LONGER = 1.0
"""Seconds between two questions of a waiting caller, at most, unless its ask says otherwise in `looks`."""

SHORTLY = 0.02
"""When to ask again for a place among concurrent calls, times those who are before: nobody knows when one is free."""


def new_state() -> Account:
    return {"windows": {}, "live": {}, "running": {}, "paused": 0.0, "queue": []}


def apply_step(account: Account, step: str, ask: Ask, now: float) -> dict[str, Any]:
    """Takes one step on an account, in place; `now` is what the store's clock says."""
    return STEPS[step](account, ask, tick(account, now))


def tick(account: Account, seen: float) -> float:
    """The account's own time."""
    clock = account.setdefault("clock", {"seen": seen, "ahead": 0.0})
    clock["ahead"] += max(0.0, clock["seen"] - seen)
    clock["seen"] = seen
    return float(seen + clock["ahead"])


def checked(state: Any) -> Account:
    """A stored account; parts that older versions did not have are added.

    Raises:
        ValueError: if it is damaged.
    """
    if not isinstance(state, dict):
        raise ValueError("an account is an object")
    account = {**new_state(), **state}
    for name, empty in new_state().items():
        kind = (int, float) if isinstance(empty, float) else type(empty)
        if not isinstance(account[name], kind):
            raise ValueError(f"{name} of the account is damaged")
    return account


def take(account: Account, ask: Ask, now: float) -> dict[str, Any]:
    """Grants what is asked for, or says how long to wait and why, and when to ask again; who waits is in the queue."""
    account["queue"] = [one for one in account["queue"] if one["until"] > now or one["ticket"] == ask["ticket"]]
    before = reserved_before(account, ask["ticket"])
    wait, why, look = account["paused"] - now, "paused", 0.0
    for want in ask["wants"]:
        seconds = window_wait(account, want, before.get(want["bucket"], 0), now)
        if seconds > wait:
            wait, why = seconds, want["bucket"]
    for want in ask["live"]:
        seconds = live_wait(account, want, before.get(want["bucket"], 0), now)
        if seconds > wait:
            wait, why = seconds, want["bucket"]
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


def settle(account: Account, ask: Ask, now: float) -> dict[str, Any]:
    """A granted call is over: what it used otherwise than expected is corrected where it was counted."""
    for lane in account["running"].values():
        lane.pop(ask["ticket"], None)
    for want in ask["wants"]:
        slots = account["windows"].get(want["bucket"], {})
        slot = str(math.floor(ask["at"] / (want["window"] / SLOTS)))
        if slot in slots:
            slots[slot] = max(0, slots[slot] + want["amount"])
    for want in ask["live"]:
        if want["bucket"] in account["live"]:
            account["live"][want["bucket"]]["level"] -= want["amount"]
    return {}


def remove_waiter(account: Account, ask: Ask, now: float) -> dict[str, Any]:
    """A waiting caller gives up."""
    account["queue"] = [one for one in account["queue"] if one["ticket"] != ask["ticket"]]
    return {}


def pause_account(account: Account, ask: Ask, now: float) -> dict[str, Any]:
    """The provider wants quiet: nobody asks for these seconds."""
    account["paused"] = max(account["paused"], now + ask["seconds"])
    return {}


def observe_remaining(account: Account, ask: Ask, now: float) -> dict[str, Any]:
    """The provider says what is left. What was granted since it was asked is not known to it: the lesser counts."""
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
    return {}


STEPS = {"take": take, "settle": settle, "leave": remove_waiter, "pause": pause_account, "observe": observe_remaining}


def reserved_before(account: Account, ticket: str) -> dict[str, float]:
    """What is kept for those who waited before this one."""
    stored: dict[str, float] = {}
    for one in account["queue"]:
        if one["ticket"] == ticket:
            break
        for bucket, amount in one["amounts"].items():
            stored[bucket] = stored.get(bucket, 0) + amount
    return stored


def window_wait(account: Account, want: Mapping[str, Any], before: float, now: float) -> float:
    """How long until this much more fits into a window."""
    window = want["window"]
    width = window / SLOTS
    slots = account["windows"].setdefault(want["bucket"], {})
    for slot in [slot for slot in slots if (int(slot) + 1) * width + window <= now]:
        del slots[slot]
    excess = sum(slots.values()) + before + want["amount"] - want["limit"]
    if excess <= 0:
        return 0.0
    for slot in sorted(slots, key=int):
        excess -= slots[slot]
        if excess <= 0:
            return float((int(slot) + 1) * width + window - now)
    return float(window)


def live_wait(account: Account, want: Mapping[str, Any], before: float, now: float) -> float:
    """How long until the provider has this much again."""
    known = account["live"].get(want["bucket"])
    if known is None:
        return 0.0
    missing = min(want["amount"] + before, known["limit"]) - current_level(known, now)
    return float(missing / known["rate"]) if missing > 0 else 0.0


def current_level(known: Mapping[str, Any], now: float) -> float:
    return float(min(known["limit"], known["level"] + known["rate"] * max(0.0, now - known["at"])))


def running_count(account: Account, lane: str, now: float) -> int:
    calls = account["running"].setdefault(lane, {})
    for ticket in [ticket for ticket, until in calls.items() if until <= now]:
        del calls[ticket]
    return len(calls)


def add_waiter(account: Account, ask: Ask, look: float, now: float) -> None:
    until = now + look + GRACE
    for one in account["queue"]:
        if one["ticket"] == ask["ticket"]:
            one["until"] = until
            return
    amounts = {want["bucket"]: want["amount"] for want in (*ask["wants"], *ask["live"])}
    amounts.update({lane["lane"]: 1 for lane in ask["lanes"]})
    account["queue"].append({"ticket": ask["ticket"], "until": until, "amounts": amounts})


def grant_request(account: Account, ask: Ask, now: float) -> None:
    remove_waiter(account, ask, now)
    for want in ask["wants"]:
        slots = account["windows"][want["bucket"]]
        slot = str(math.floor(now / (want["window"] / SLOTS)))
        slots[slot] = slots.get(slot, 0) + want["amount"]
    for want in ask["live"]:
        known = account["live"].get(want["bucket"])
        if known is not None:
            known["level"], known["at"] = current_level(known, now) - want["amount"], now
    for lane in ask["lanes"]:
        account["running"][lane["lane"]][ask["ticket"]] = now + ask["lease"]
