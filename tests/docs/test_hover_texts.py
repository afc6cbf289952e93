"""What an editor shows for a method of a client: its docstring describes each parameter."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import pytest

from ai_utilities import AiClient, Chat
from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation

SHARED = re.compile(r"(rguments|ptions) as for `|; see `")
"""Docstrings that name the method which describes the parameters."""


def undescribed(owner: type) -> Iterator[str]:
    for name, method in inspect.getmembers(owner, inspect.isfunction):
        text = inspect.getdoc(method) or ""
        if name.startswith("_") or name.endswith("_async") or SHARED.search(text):
            continue
        parameters = list(inspect.signature(method).parameters)[1:]
        yield from (
            f"{owner.__name__}.{name}({one})" for one in parameters if not re.search(rf"^ +\**{one}:", text, re.M)
        )


@pytest.mark.parametrize("owner", [AiClient, Chat, AIModelClient, Conversation])
def test_docstrings_of_methods_describe_their_parameters(owner: type) -> None:
    assert list(undescribed(owner)) == []
