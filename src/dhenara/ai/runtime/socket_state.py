"""Whether a socket can be read or written, now or within a time."""

from __future__ import annotations

import select
import socket

# Windows has no poll; its select knows sockets only, and has no limit on their numbers but on how many there are.
HAS_POLL = hasattr(select, "poll")


def is_readable(descriptor: int) -> bool:
    """Whether it can be read, an end of the connection included, without waiting."""
    if descriptor < 0:
        return True
    if not HAS_POLL:
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def wait(waiting: socket.socket, timeout: float | None, *, write: bool) -> bool:
    """Blocks until it can be read, or with `write` also until it can be written; True if it can be read.

    Raises TimeoutError. A socket that was closed meanwhile can be read: that shows the reader its end.
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
    # In milliseconds, rounded up: waiting must not end before the time is over.
    events = poll.poll(None if timeout is None else int(timeout * 1000) + 1)
    if not events:
        raise TimeoutError
    return bool(events[0][1] & ~select.POLLOUT)
