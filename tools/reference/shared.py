"""Arguments that mean the same everywhere; used where no docstring describes them."""

from __future__ import annotations

import re

ERROR_ARGUMENTS = {
    "message": "What failed, as one sentence.",
    "limit": "The limit or step that was exceeded.",
    "**facts": "Fields of `CallError`, such as `provider`, `model` and `status`.",
}
"""Arguments of exceptions, which only the library raises."""

MADE_BY_THE_LIBRARY = {
    "Stream", "SyncStream", "AsyncStream", "RunStream", "AsyncRunStream", "TextStream", "AsyncTextStream",
    "RunTextStream", "AsyncRunTextStream", "AskStream", "AsyncAskStream", "ServerExchange",
}  # fmt: skip
"""Classes whose constructors are not for users; the reference does not show these."""


def shared_meaning(name: str, annotation: str) -> str:
    """Return what a parameter means.

    Args:
        name: Its name, with stars.
        annotation: Its annotation; `Unpack[...]` names the options that it takes.

    Returns:
        A sentence, or an empty text for a parameter that means different things.
    """
    if (unpacked := re.fullmatch(r"Unpack\[(\w+)\]", annotation)) is not None:
        return f"Options: see `{unpacked[1]}`."
    return ERROR_ARGUMENTS.get(name, "")
