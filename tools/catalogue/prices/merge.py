"""Puts what the sources say about a model together: one wins, agreeing ones complete it, differences are kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from .decisions import Decisions
from .rows import FEES, Offer, Rates, Row, written_rates

ORDER = ("v", "r", "g", "l", "d")
"""Letters of the sources in the order in which they count where no decision says otherwise."""
CORE = ("input", "output", "images", "seconds", "characters", "pages", "searches", "video_seconds")


class Difference(NamedTuple):
    """A rate about which two sources differ, and why the one in the table wins; no reason = undecided."""

    host: str
    model: str
    where: str
    unit: str
    winner: str
    value: Decimal
    other: str
    other_value: Decimal
    rule: str
    why: str


@dataclass(slots=True)
class Merged:
    rows: list[Row]
    unknown: str
    differences: list[Difference]


def merge(host: str, model: str, offers: Mapping[str, Offer], decisions: Decisions, date: str) -> Merged:
    """Return the rows of a model by all sources.

    Args:
        host: The host.
        model: Name at the host.
        offers: Letter of a source to what it says.
        decisions: Which source wins where.
        date: Day for which the sources are compared.
    """
    if why := decisions.unknown(host, model):
        return Merged([], why, [])
    priced = {letter: offer for letter, offer in offers.items() if any(row.rates for row in offer.rows)}
    if not priced:
        return Merged([], next(offer.unknown for offer in offers.values() if offer.unknown), [])
    wins = decisions.winner(host, model)
    letters = sorted(priced, key=lambda letter: (letter != wins, ORDER.index(letter[0]), letter))
    rows = [
        replace(row, rates=dict(row.rates), source=letters[0], added={}, differs=[]) for row in priced[letters[0]].rows
    ]
    found: list[Difference] = []
    for letter in letters[1:]:
        told = [row for row in priced[letter].rows if row.at(date)]
        unlike = list(differences(host, model, rows, told, letter, decisions, date))
        found += unlike
        agrees = not any(one.unit in CORE and one.rule != "rounded" for one in unlike)
        if agrees and not same_in_other_times(rows, told):
            complete(rows, told, letter, date)
        else:
            # Another price of the same place says nothing about places that only this source knows.
            regions = {row.slot.region for row in rows}
            rows += [replace(row, source=letter) for row in told if row.slot.region not in regions]
    return Merged(rows, "", found)


def same_in_other_times(rows: list[Row], told: list[Row]) -> bool:
    """Whether both have prices by time of day, which one gives as the dear hours and the other as the cheap ones."""
    return any(row.slot.times for row in rows) or any(row.slot.times for row in told)


def differences(
    host: str, model: str, rows: list[Row], told: list[Row], letter: str, decisions: Decisions, date: str
) -> Iterator[Difference]:
    prices = {frozenset(row.rates.items()) for row in rows if row.at(date) and row.slot[:4] == ("", "", 0, ())}
    others = {frozenset(row.rates.items()) for row in told if row.slot[:4] == ("", "", 0, ())}
    if len(prices) > 1 and len(prices & others) == len(others):
        return
    for row in rows:
        other = next((one for one in told if one.slot == row.slot and row.at(date)), None)
        unlike: Rates = {}
        reasons = []
        for unit in sorted(set(row.rates) & set(other.rates if other else ())):
            assert other is not None
            ours, theirs = row.rates[unit], other.rates[unit]
            if ours != theirs:
                rule, why = decisions.reason(host, model, unit, row.source, ours, letter, theirs)
                if decisions.unit_winner(host, model, unit) == letter:
                    row.rates[unit] = theirs
                    row.added.setdefault(letter, []).append(unit)
                    row.differs.append({"source": row.source, "rates": written_rates({unit: ours}), "why": why})
                    yield Difference(host, model, where(row), unit, letter, theirs, row.source, ours, rule, why)
                    continue
                yield Difference(host, model, where(row), unit, row.source, ours, letter, theirs, rule, why)
                if rule != "rounded":
                    unlike[unit] = theirs
                    reasons.append(why or "undecided")
        if unlike:
            row.differs.append(
                {"source": letter, "rates": written_rates(unlike), "why": "; ".join(dict.fromkeys(reasons))}
            )


def where(row: Row) -> str:
    slot = row.slot
    parts = [
        slot.tier,
        slot.region,
        f"above {slot.above}" if slot.above else "",
        *(f"{k}={v}" for k, v in slot.options),
    ]
    return ", ".join(part for part in parts if part)


def complete(rows: list[Row], told: list[Row], letter: str, date: str) -> None:
    """Add rates and slots that the winner does not have; fees are those of the winner."""
    now = [row for row in rows if row.at(date)]
    base = next((row for row in now if not any(row.slot)), None)
    fees = {unit: rate for unit, rate in base.rates.items() if unit in FEES} if base else {}
    for row in now:
        other = next((one for one in told if one.slot == row.slot), None)
        if other is None:
            continue
        more = {unit: rate for unit, rate in other.rates.items() if unit not in row.rates}
        row.estimates = {unit: rate for unit, rate in other.estimates.items() if unit not in row.rates} | row.estimates
        row.rates.update(more)
        if more:
            row.added[letter] = sorted({*row.added.get(letter, ()), *more})
    known = {row.slot for row in rows}
    for other in told:
        if other.slot not in known:
            # A row for options differs from the usual one in just these fees.
            rates = ({**fees, **other.rates} if other.slot.options else {**other.rates, **fees}) if other.rates else {}
            rows.append(replace(other, rates=rates, source=letter, added={}, differs=[]))
