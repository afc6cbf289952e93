"""Parameters: what a call sets, under the names that the wire has for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..types.call_config import AIModelCallConfig
from .base import Quirks
from .warnings import WarningCollector

UNSET: tuple[object, ...] = (None, (), {})


def set_parameters(config: AIModelCallConfig, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Those of these settings that were set, ready to be written."""
    for name in names:
        value = getattr(config, name)
        if value not in UNSET:
            yield name, list(value) if isinstance(value, tuple) else value


def write_parameters(
    config: AIModelCallConfig, quirks: Quirks, warnings: WarningCollector, refused: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What is set and has a name on the wire; the rest is warned about. `refused` says why some cannot be set now."""
    written: dict[str, Any] = {}
    for parameter, value in set_parameters(config, quirks.names):
        name = quirks.wire_name(parameter)
        if name is None:
            warnings.unsupported(parameter)
        elif refused and parameter in refused:
            warnings.unsupported(parameter, refused[parameter])
        else:
            written[name] = value
    return written
