"""Public dataclasses are equal if their fields are. Internal ones need not be: writing the methods takes time."""

from __future__ import annotations

import dataclasses
import importlib

import pytest

FACES = (
    *("dhenara.ai", "dhenara.ai.types", "dhenara.ai.testing", "dhenara.ai.catalog", "dhenara.ai.conversation"),
    *("ai_utilities", "ai_utilities.audio", "ai_utilities.batch", "ai_utilities.cache", "ai_utilities.files"),
    *("ai_utilities.limits", "ai_utilities.providers", "ai_utilities.setup", "ai_utilities.telemetry"),
    "ai_utilities.usage",
)
BY_IDENTITY = {"Exchange"}
"""An exchange is one call on its way through the layers, with a state that changes."""


def public_dataclasses() -> list[type]:
    modules = [importlib.import_module(name) for name in FACES]
    values = [getattr(module, name) for module in modules for name in dir(module) if not name.startswith("_")]
    classes = {value for value in values if isinstance(value, type) and dataclasses.is_dataclass(value)}
    return sorted(classes, key=lambda one: f"{one.__module__}.{one.__name__}")


@pytest.mark.parametrize("kind", public_dataclasses(), ids=lambda kind: kind.__name__)
def test_a_public_dataclass_compares_by_value(kind: type) -> None:
    compares = kind.__eq__ is not object.__eq__
    assert compares == (kind.__name__ not in BY_IDENTITY)


def test_the_list_of_public_dataclasses_is_not_empty() -> None:
    assert {"Call", "Run", "Provider", "Limit", "Answer", "Exchange"} <= {
        kind.__name__ for kind in public_dataclasses()
    }
