"""Whether a resting connection has been hung up: it has nothing to say, so if it can be read, it is over."""

from __future__ import annotations

import select


def readable(descriptor: int) -> bool:
    """Looks without waiting. Prefers poll, which has no limit on the number of open files."""
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
