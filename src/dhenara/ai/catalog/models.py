"""Model constants: made from the catalogue's data when they are first named."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from ..types.model import AIModel
from ..wire import json

PROVENANCE = ("source", "checked")


@cache
def facts() -> dict[str, dict[str, dict[str, Any]]]:
    """Vendor, then kind, then constant, to what is known of the model."""
    found: dict[str, dict[str, dict[str, Any]]] = json.loads(
        files(__package__).joinpath("data", "models.json").read_bytes()
    )
    return found


def constants(vendor: str, kind: str) -> tuple[Callable[[str], AIModel], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a module that offers one vendor's models as constants."""

    @cache
    def find(name: str) -> AIModel:
        known = facts()[vendor][kind].get(name)
        if known is None:
            raise AttributeError(
                f"{vendor} has no {kind} model constant {name!r}; any model works as AIModel(model_name=...)"
            )
        said = {key: value for key, value in known.items() if key not in PROVENANCE}
        origin = {key: known[key] for key in PROVENANCE}
        return AIModel.model_validate({"provider": vendor, "metadata": {"facts": origin}, **said})

    return find, lambda: sorted(facts()[vendor][kind])
