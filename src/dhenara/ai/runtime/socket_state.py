"""Checks and waits until a socket is readable or writable."""

from __future__ import annotations

import select
import socket

# Windows has no poll; its select supports only sockets, and limits how many, not their numbers.
HAS_POLL = hasattr(select, "poll")


def is_readable(descriptor: int) -> bool:
    """Return whether it is readable (including closed) without waiting."""
    if descriptor < 0:
        return True
    if not HAS_POLL:
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def wait(waiting: socket.socket, timeout: float | None, *, write: bool) -> bool:
    """Block until readable, or with `write` also until writable; return whether it is readable.

    Raises TimeoutError. A socket closed meanwhile counts as readable, which shows its end to the reader.
    """
    descriptor = waiting.fileno()
    if descriptor < 0:
        return True
    if not HAS_POLL:
        can_read, can_write, _ = select.select([descriptor], [descriptor] if write else [], [], timeout)
        if not can_read and not can_write:
            raise TimeoutError
        return bool(can_read)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLOUT if write else select.POLLIN)
    # Milliseconds, rounded up so that the wait does not end early.
    events = poll.poll(None if timeout is None else int(timeout * 1000) + 1)
    if not events:
        raise TimeoutError
    return bool(events[0][1] & ~select.POLLOUT)
