"""Idle connections, kept for the next request to the same place."""

from __future__ import annotations

import os
from collections import deque

from .net import Place, Wire

LONGEST_IDLE = 55.0
MOST_IDLE = 512


class Pool:
    """Takes no locks: a deque hands each connection to exactly one taker. A forked child starts with none."""

    def __init__(self) -> None:
        self._idle: dict[Place, deque[tuple[Wire, float]]] = {}
        self._owner = os.getpid()

    def take(self, place: Place, now: float) -> Wire | None:
        """The connection that rested the shortest, if a usable one is there."""
        self._check_owner()
        resting = self._idle.get(place)
        while resting:
            try:
                wire, since = resting.pop()
            except IndexError:
                return None
            if now - since < LONGEST_IDLE and not wire.stale():
                return wire
            wire.drop()
        return None

    def put(self, place: Place, wire: Wire, now: float) -> None:
        if self._owner != os.getpid():
            wire.drop()
            return
        resting = self._idle.setdefault(place, deque())
        resting.append((wire, now))
        try:
            while len(resting) > MOST_IDLE or now - resting[0][1] > LONGEST_IDLE:
                resting.popleft()[0].drop()
        except IndexError:
            return  # another thread took the last one

    def discard(self, place: Place) -> None:
        """Closes what rests at this place: its server has just closed one of them, and may close the others."""
        for wire in drained(self._idle.get(place, deque())):
            wire.drop()

    def empty(self) -> list[Wire]:
        """Everything that rests here, taken out."""
        self._check_owner()
        return [wire for resting in list(self._idle.values()) for wire in drained(resting)]

    def _check_owner(self) -> None:
        """The parent's connections are the parent's: in a child only its copies of them are closed."""
        if self._owner == os.getpid():
            return
        idle, self._idle, self._owner = self._idle, {}, os.getpid()
        for resting in idle.values():
            for wire in drained(resting):
                wire.drop()


def drained(resting: deque[tuple[Wire, float]]) -> list[Wire]:
    wires = []
    try:
        while True:
            wires.append(resting.pop()[0])
    except IndexError:
        return wires
