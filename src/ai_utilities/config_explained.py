"""Explanation of settings: every value and its source, as data and as text."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from dhenara.ai.dataclass import dataclass
from dhenara.ai.types.secret_options import shown_address

from .config_models import AiSettings
from .config_problems import SECRETS
from .secret import MASK
from .telemetry.redaction import redact


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting and its source. `value` is safe to print."""

    name: str
    value: str | None
    source: str
    note: str = ""

    @classmethod
    def of(cls, name: str, value: Any, source: str) -> SettingLine:
        """Creates a line, with secrets masked."""
        if value in (None, "", {}):
            return cls(name, None, source)
        if name == "base_url":
            return cls(name, shown_address(str(value)), source)
        return cls(name, MASK if name in SECRETS else redact(str(value)), source)

    def __str__(self) -> str:
        note = f"  {self.note}" if self.note else ""
        return f"{self.name:<22} {self.value or '-':<32} {self.source}{note}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """All settings; `str()` gives a table."""

    lines: tuple[SettingLine, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.lines))

    def __getitem__(self, name: str) -> SettingLine:
        return next(line for line in self.lines if line.name == name)

    def to_dict(self) -> dict[str, dict[str, str | None]]:
        """Value and source by setting name."""
        return {line.name: {"value": line.value, "source": line.source} for line in self.lines}


def explain_settings(settings: AiSettings, without: Container[str]) -> Iterator[SettingLine]:
    """The other settings, as they are set."""
    for name in type(settings).model_fields:
        if name not in without:
            yield SettingLine.of(name, getattr(settings, name), str(settings.origin(name)))
