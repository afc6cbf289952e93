"""Values that are taken without a schema are those that the schema would have given."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from pydantic import BaseModel, SecretStr, ValidationError

from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelAPIProviderEnum,
    AIModelCallConfig,
    AIModelEndpoint,
    ChatModelSettings,
    Timeouts,
)
from dhenara.ai.types.model_base import FrozenModel
from dhenara.ai.types.plainly import NotPlain, filled, plain_values
from support.values import declared, kinds, of

ALWAYS_CHECKED = {"SSEResponse[ChatResponseChunk]", "StreamingChatResponse"}
"""Chunks: their schema is built before the first of them is made."""

VALUES = sorted(
    {kind for kind in kinds() if issubclass(kind, FrozenModel) and kind.__name__ not in ALWAYS_CHECKED},
    key=lambda kind: kind.__qualname__,
)
ODD = st.sampled_from(
    [None, True, 0, -1, 3, 0.5, -2.0, float("nan"), float("inf"), "", "x", b"x", [], (), {}, ["x"], "a\ud800"]
)


def shown(value: BaseModel) -> Any:
    """All that there is of a value, types included."""
    private = value.__pydantic_private__
    return repr(value.__dict__), list(value.__dict__), value.__pydantic_fields_set__, repr(private)


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_taken_is_what_validation_gives(kind: type[FrozenModel], data: st.DataObject) -> None:
    fields = kind.model_fields
    named = {name for name, field in fields.items() if field.is_required()}
    named |= set(data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=3))) if fields else set()
    given_values = {
        name: data.draw(ODD if data.draw(st.integers(0, 5)) == 0 else of(declared(fields[name]), 2)) for name in named
    }
    try:
        taken = filled(kind.__new__(kind), plain_values(kind, given_values))
    except NotPlain:
        return
    kind.model_rebuild()
    checked = kind.__pydantic_validator__.validate_python(given_values, self_instance=kind.__new__(kind))
    assert shown(taken) == shown(checked)
    for name, value in given_values.items():
        if isinstance(value, dict | list):
            assert (taken.__dict__[name] is value) == (checked.__dict__[name] is value)


@pytest.mark.parametrize(
    ("kind", "given_values"),
    [
        (AIModelAPI, {"provider": "openai", "api_key": "k", "config": {"base_url": "u"}}),
        (AIModelAPI, {"provider": AIModelAPIProviderEnum.OPEN_AI, "api_key": None}),
        (AIModelAPI, {"provider": "mine", "api_key": SecretStr("k")}),
        (AIModelCallConfig, {"max_output_tokens": 5, "temperature": 0.5, "stop": "x", "timeout": 3.0}),
        (AIModelCallConfig, {"reasoning_effort": "low", "timeout": Timeouts(), "headers": {"a": "b"}}),
        (ChatModelSettings, {"max_output_tokens": 5, "reasoning_efforts": ("low",)}),
    ],
)
def test_plain_values_are_taken(kind: type[FrozenModel], given_values: dict[str, Any]) -> None:
    taken = filled(kind.__new__(kind), plain_values(kind, given_values))
    kind.model_rebuild()
    assert shown(taken) == shown(kind(**given_values))


@pytest.mark.parametrize(
    ("kind", "given_values"),
    [
        (AIModelAPI, {"provider": "  "}),
        (AIModelAPI, {"provider": 3}),
        (AIModelAPI, {}),
        (AIModelAPI, {"provider": "openai", "key": "k"}),
        (AIModelAPI, {"provider": "openai", "api_key": 3}),
        (AIModel, {"model_name": "a\ud800"}),
        (AIModelCallConfig, {"max_output_tokens": 0}),
        (AIModelCallConfig, {"temperature": float("inf")}),
    ],
)
def test_what_is_wrong_is_left_to_the_schema(kind: type[FrozenModel], given_values: dict[str, Any]) -> None:
    with pytest.raises(NotPlain):
        plain_values(kind, given_values)
    with pytest.raises(ValidationError):
        kind(**given_values)


def test_nested_dicts_become_values() -> None:
    endpoint = AIModelEndpoint(api={"provider": "openai"}, ai_model={"model_name": "m"})  # type: ignore[arg-type]
    assert isinstance(endpoint.api, AIModelAPI)


FIRST = """
    import sys
    from dhenara.ai import AIModelClient
    from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint
    from dhenara.ai.types.model_base import FrozenModel

    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": sys.argv[1] + "/v1"})
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=AIModel(model_name="m")), AIModelCallConfig())
    for _ in range(12):
        assert client.generate("hi").chat_response.text() == "hello"

    def below(kind):
        return [one for child in kind.__subclasses__() for one in (child, *below(child))]

    print([kind.__name__ for kind in below(FrozenModel) if kind.__pydantic_complete__])
    print([name for name in ("importlib.metadata", "asyncio", "ssl", "json", "httpx2", "email") if name in sys.modules])
"""


def test_calls_with_words_alone_build_no_schema() -> None:
    with FakeServer(Answer(text="hello"), forever=True) as server:
        run = [sys.executable, "-c", textwrap.dedent(FIRST), server.url]
        told = subprocess.run(run, capture_output=True, text=True, check=True, timeout=250).stdout
    assert told.splitlines() == ["[]", "[]"]
