"""Messages of which nothing is left: they are dropped where the same role has another message next to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from ..types.message import Message


def drop_empty(messages: Iterable[Message], has_content: Callable[[Message], bool]) -> list[Message]:
    """Drop messages without content, as long as another message of the same role stands next to them.

    Args:
        messages: The messages in order.
        has_content: Whether something of a message is left.

    Returns:
        The messages; of neighbours that are all empty, the first.
    """
    messages_left: list[Message] = []
    for _, group in groupby(messages, key=lambda message: message.role):
        turn = list(group)
        messages_left += [message for message in turn if has_content(message)] or turn[:1]
    return messages_left
