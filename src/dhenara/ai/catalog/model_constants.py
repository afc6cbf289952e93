"""Model constants such as `GPT_5`: made from the tables when they are first used."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ..types.config.model import AIModel
from .model_info import ModelFacts, find_named, load

IMAGE = {"functional_type": "image_generation"}


def constants(vendor: str, kind: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a module that offers one vendor's models as constants, and all as a list."""
    everything = f"{kind.upper()}_MODELS"

    @cache
    def find(name: str) -> AIModel | tuple[AIModel, ...]:
        if name == everything:
            return tuple(made(one) for one in load("constants")[vendor][kind])
        return made(name)

    @cache
    def made(name: str) -> AIModel:
        named = load("constants")[vendor][kind].get(name)
        if named is None:
            raise AttributeError(
                f"{vendor} has no {kind} model constant {name!r}; any model works as AIModel(model_name=...)"
            )
        data: dict[str, Any] = named if isinstance(named, dict) else {"model_name": named}
        facts = find_named(data["model_name"])
        known = constant_fields(facts) if facts else {}
        return AIModel.model_validate({"provider": vendor, **known, **(IMAGE if kind == "image" else {}), **data})

    return find, lambda: sorted([everything, *load("constants")[vendor][kind]])


def constant_fields(facts: ModelFacts) -> dict[str, Any]:
    """What a model's constant says of it, and who said that first."""
    sources = {fact: f"{source.name} ({source.date})" for fact, source in facts.sources.items()}
    described: dict[str, Any] = {"display_name": facts.display_name, "metadata": {"facts": sources}}
    if facts.functional_type in (None, "text_generation"):
        described["settings"] = facts.settings()
    else:
        described["functional_type"] = facts.functional_type
    return described
