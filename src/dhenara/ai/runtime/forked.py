"""Closes inherited descriptors in a forked child without affecting the parent's connection."""

from __future__ import annotations

import os


def close_copy(descriptor: int) -> None:
    """Replace the descriptor in a forked child so that its owner can still close it later.

    `dup2` puts the null device in its place: the connection is released now and the number stays in use, so that the
    later close does not hit another file. `shutdown` and selectors are not used, because parent and child share them.
    """
    try:
        null = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(null, descriptor, inheritable=False)
        finally:
            os.close(null)
    except OSError:
        return  # already closed
