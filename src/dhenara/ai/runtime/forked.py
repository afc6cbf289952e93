"""Descriptors in a forked child: closed there without a word to the other side, which talks with the parent."""

from __future__ import annotations

import os


def close_copy(descriptor: int) -> None:
    """Ends a forked child's hold on a connection whose descriptor some other object will close again.

    `dup2` puts the null device in its place: the connection is let go now, and the number stays in use, so that the
    later close does not hit another file. Neither `shutdown` nor a selector is touched, which parent and child share.
    """
    try:
        null = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(null, descriptor, inheritable=False)
        finally:
            os.close(null)
    except OSError:
        return  # it is closed already
