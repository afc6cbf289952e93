"""Parameters of a call, under the names that the protocol uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..types.call_config import AIModelCallConfig
from .base import Quirks
from .warnings import WarningCollector

UNSET: tuple[object, ...] = (None, (), {})


def set_parameters(config: AIModelCallConfig, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Return the parameters among these names that are set, ready for encoding."""
    for name in names:
        value = getattr(config, name)
        if value not in UNSET:
            yield name, list(value) if isinstance(value, tuple) else value


def write_parameters(
    config: AIModelCallConfig, quirks: Quirks, warnings: WarningCollector, refused: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Encode all parameters that are set and supported; warn about the others. `refused` gives reasons for some of
    these.
    """
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
