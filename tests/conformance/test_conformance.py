"""Every row over every transport, in each of its worlds."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

from .expected import KNOWN_FAILURES, SOMETIMES, known_failure
from .peers import Peer
from .probe import Probe, checked, run_in
from .row import ALL, TRANSPORTS, Row
from .rows_bounds import ROWS as BOUNDS
from .rows_cancelling import ROWS as CANCELLING
from .rows_deadlines import ROWS as DEADLINES
from .rows_framing import ROWS as FRAMING
from .rows_loops import ROWS as LOOPS
from .rows_pools import ROWS as POOLS
from .rows_processes import ROWS as PROCESSES
from .rows_proxies import ROWS as PROXIES
from .rows_requests import ROWS as REQUESTS
from .rows_tls import ROWS as TLS, authority
from .rows_uploads import ROWS as UPLOADS

ROWS: tuple[Row, ...] = (
    *FRAMING,
    *REQUESTS,
    *POOLS,
    *DEADLINES,
    *BOUNDS,
    *CANCELLING,
    *UPLOADS,
    *TLS,
    *PROXIES,
    *LOOPS,
    *PROCESSES,
)


EVERYDAY = {"builtin": ALL, "httpx2": ("sync", "asyncio"), "aiohttp": ("asyncio",)}
"""What each run of the suite tries; the other worlds of the other transports are for the slow tests."""
OF_ONE_TRANSPORT = PROCESSES
"""Rows that start interpreters, and tell of our own transport; those of the others are for the slow tests."""


def cases() -> list[Any]:
    return [
        pytest.param(
            one,
            transport,
            world,
            id=f"{transport}-{world}-{one.name}",
            marks=marks_of(one, transport, world),
        )
        for one in ROWS
        for transport, worlds in TRANSPORTS.items()
        for world in worlds
        if world in one.worlds
    ]


def marks_of(one: Row, transport: str, world: str) -> list[Any]:
    everyday = world in EVERYDAY[transport] and (transport == "builtin" or one not in OF_ONE_TRANSPORT)
    marks: list[Any] = [] if everyday else [pytest.mark.slow]
    if world in known_failure(transport, one.name)[0]:
        # What such a row leaves open is collected with it, and not held against the next one.
        kinds = ("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
        marks += [pytest.mark.filterwarnings(kind) for kind in kinds]
    return marks


@pytest.fixture(autouse=True)
def no_password_file(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A password for every host of this machine, which nobody may send."""
    file = Path(tmp_path_factory.getbasetemp()) / "netrc"
    if not file.exists():
        file.write_text("machine 127.0.0.1 login me password secret\n")
        file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.parametrize(("case", "transport", "world"), cases())
def test_row(case: Row, transport: str, world: str, monkeypatch: pytest.MonkeyPatch) -> None:
    authority()
    known = known_failure(transport, case.name)
    with Peer(case.scripts, **case.peer) as peer:
        for name, value in case.environment.items():
            monkeypatch.setenv(name, value.replace("{port}", str(peer.port)))
        probe = Probe(transport, world, peer)
        if world in known[0]:
            probe.longest_wait = 1.0  # whether it fails or not, the outcome is allowed
        try:
            run_in(world, lambda: checked(probe, case.check))
        except (Exception, BaseExceptionGroup) as error:
            if world not in known[0]:
                raise
            gc.collect()
            pytest.xfail(f"{known[1]}: {error!r}"[:200])
    if world in known[0] and not known[1].startswith(SOMETIMES):
        pytest.fail("this row is held now: take it out of expected.py")


def test_names_of_rows_are_unique() -> None:
    names = [one.name for one in ROWS]
    assert len(names) == len(set(names))


def test_known_failures_name_rows_that_exist() -> None:
    names = {one.name for one in ROWS}
    assert {name for rows in KNOWN_FAILURES.values() for name in rows} <= names


def test_the_default_holds_every_row_that_another_transport_holds() -> None:
    assert KNOWN_FAILURES["builtin"] == {}
