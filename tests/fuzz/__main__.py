"""Fuzzes the decoders; run as `make fuzz` (COUNT=1000000 inputs, from START or from where the last run stopped)."""

from __future__ import annotations

import argparse
import time
import traceback
from pathlib import Path
from random import Random

from fuzz.targets import attempt, targets

STEP = 1_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="the number of the last input (default: 10^6)")
    parser.add_argument("--start", type=int, help="the first input; without it, the run goes on where the last stopped")
    parser.add_argument("--only", type=int, help="one input, with its traceback")
    parser.add_argument("--state", type=Path, default=Path("../.fuzz-position"), help="where the position is kept")
    given = parser.parse_args()
    if given.only is not None:
        return show(given.only)
    first = given.start if given.start is not None else position(given.state)
    started, actual = time.monotonic(), 0
    for number in range(first, given.count):
        if (wrong := attempt(number)) is not None:
            actual += 1
            print(wrong, flush=True)
        if number % STEP == STEP - 1:
            given.state.write_text(str(number + 1))
    if first < given.count:
        given.state.write_text(str(given.count))
    seconds = time.monotonic() - started
    print(f"{max(0, given.count - first)} inputs ({first} to {given.count}), {actual} findings, {seconds:.0f} s")
    return int(actual > 0)


def position(state: Path) -> int:
    return int(state.read_text()) if state.exists() else 0


def show(number: int) -> int:
    """One input again, with everything that its error says."""
    every = targets()
    target = every[number % len(every)]
    print(target.name)
    try:
        target.attempt(Random(number))
    except Exception:  # noqa: BLE001  # it is shown
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
