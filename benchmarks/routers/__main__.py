"""Compares routers in the same simulated outages, each in an environment of its own, as a table.

python -m benchmarks.routers [--calls 2000] [--seed 1] [--only "a key revoked"]
"""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

from ..environments import ROOT, Contestant, prepare
from .world import SCENARIOS

HERE = Path(__file__).resolve().parent
ROUTERS = (
    Contestant("dhenara", "ours", (str(ROOT),)),
    # Later versions count cooldowns in compiled code by the clock of the machine, which a simulation cannot set.
    Contestant("litellm 1.80.0", "litellm_router", ("litellm==1.80.0",)),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routers", description="Compare routers.")
    parser.add_argument("--calls", type=int, default=2000, help="calls in the simulated hour")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*SCENARIOS], help="one scenario")
    options = parser.parse_args()
    for one in ROUTERS:
        prepare(one)
    print("| scenario | router | answered | p50 s | p99 s | slowest s | requests per call | refused requests |")
    print("|---|---|---|---|---|---|---|---|")
    for scenario in [options.only] if options.only else SCENARIOS:
        for one in ROUTERS:
            print(row(scenario, one.name, run(one, scenario, options.seed, options.calls)), flush=True)


def run(contestant: Contestant, scenario: str, seed: int, calls: int) -> dict[str, float]:
    """Run one router in one scenario, in a fresh process."""
    command = [str(contestant.python), str(HERE / f"{contestant.module}.py"), scenario, str(seed), str(calls)]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=900, check=True)
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def row(scenario: str, name: str, got: dict[str, float]) -> str:
    """A row of the table."""
    return (
        f"| {scenario} | {name} | {got['success']:.2f} % | {got['p50']:.2f} | {got['p99']:.2f} | {got['slowest']:.2f} "
        f"| {got['requests']:.3f} | {got['refused']:.0f} |"
    )


if __name__ == "__main__":
    main()
