"""Whatever a public type is built from, it is built, or the error is in the tree of this library.

Arguments that a signature does not have are Python's own `TypeError`, like those of any function.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import math
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pydantic
import pytest
from pydantic import BaseModel

from dhenara.ai.errors import DhenaraError
from support.thorough import THOROUGH

OF_LAYERS = ("shape",)
"""Arguments of streams that layers make of an answer they have: what the library itself passes on."""

PACKAGES = (
    "dhenara.ai",
    "dhenara.ai.types",
    "dhenara.ai.conversation",
    "dhenara.ai.mcp",
    "dhenara.ai.testing",
    "ai_utilities",
    "ai_utilities.audio",
    "ai_utilities.batch",
    "ai_utilities.cache",
    "ai_utilities.files",
    "ai_utilities.limits",
    "ai_utilities.telemetry",
    "ai_utilities.usage",
)
WRONG: list[Any] = [None, "", "nonsense", "\udcff", -1, 0, 10**400, 1.5, math.nan, math.inf, b"\xff", [], [None], {}]
WRONG += [{"a": object()}, {1: 2}, object(), object, len, True, {"type": "nonsense"}, [{"role": 5}], ("a", 1), range(3)]

MANY = 50
"""Parameters of a type, as of settings, each of which gets a third of the wrong values, but all in a thorough run."""


def public_types() -> Iterator[type]:
    seen = set()
    for package in PACKAGES:
        module = importlib.import_module(package)
        for name in dir(module):
            kind = getattr(module, name, None)
            if not inspect.isclass(kind) or name.startswith("_") or kind in seen:
                continue
            if kind.__module__.startswith(("dhenara", "ai_utilities")) and is_value(kind):
                seen.add(kind)
                yield kind


def is_value(kind: type) -> bool:
    """Whether it holds what it is given, and is neither an error nor made by the library alone."""
    if issubclass(kind, BaseException | Enum) or inspect.isabstract(kind) or getattr(kind, "_is_protocol", False):
        return False
    return issubclass(kind, BaseModel) or dataclasses.is_dataclass(kind) or kind.__init__ is not object.__init__


def parameters_of(kind: type) -> list[str]:
    if issubclass(kind, BaseModel):
        return list(kind.model_fields)
    try:
        parameters = inspect.signature(kind).parameters.values()
    except ValueError:
        return []
    return [one.name for one in parameters if one.kind in (one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD)]


KINDS = {f"{kind.__module__}.{kind.__qualname__}": kind for kind in public_types()}


@pytest.mark.parametrize("name", KINDS)
def test_wrong_values_are_errors_of_the_library(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kind, odd = KINDS[name], []
    required = required_of(kind)
    parameters = [one for one in parameters_of(kind) if one not in OF_LAYERS]
    for at, parameter in enumerate(parameters):
        for value in WRONG if THOROUGH or len(parameters) < MANY else WRONG[at % 3 :: 3]:
            given = {**required, parameter: value}
            try:
                built = kind(**given)
            except DhenaraError as error:
                if issubclass(kind, BaseModel) and not isinstance(error, ValueError):
                    odd.append(f"{parameter}={value!r:.40}: {type(error).__name__} is no ValueError")
            except Exception as error:  # noqa: BLE001  # any other error is the fault that is looked for
                odd.append(f"{parameter}={value!r:.40}: {type(error).__name__}: {error!s:.90}")
            else:
                close = getattr(built, "stop" if name.endswith("FakeServer") else "close", None)
                if callable(close) and not inspect.iscoroutinefunction(close):
                    close_quietly(close)
    assert odd == []


def close_quietly(close: Any) -> None:
    """What was built from nonsense may not be able to close."""
    with contextlib.suppress(Exception):
        close()


def required_of(kind: type) -> dict[str, Any]:
    """Something for each parameter without a default; that alone may be refused too."""
    if issubclass(kind, BaseModel):
        return {name: "x" for name, field in kind.model_fields.items() if field.is_required()}
    try:
        parameters = inspect.signature(kind).parameters.values()
    except ValueError:
        return {}
    kinds = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return {one.name: "x" for one in parameters if one.default is one.empty and one.kind in kinds}


def test_every_kind_of_public_value_is_tried() -> None:
    assert len(KINDS) > 150


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if issubclass(kind, BaseModel)])
def test_pydantic_models_still_raise_errors_of_pydantic(name: str) -> None:
    kind = KINDS[name]
    with pytest.raises(pydantic.ValidationError) as caught:
        kind.model_validate(5)
    assert isinstance(caught.value, DhenaraError)
    assert "\n" not in str(caught.value)
