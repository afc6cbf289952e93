"""Prompts made from rows: `"Summarise: {text}"` with the fields of each row in their places."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

from ..exceptions import ProviderConfigurationError
from .rows import PROMPT


class PromptTemplate:
    """Fields are names alone: a row is data, and data may not reach into objects."""

    def __init__(self, text: str | None = None) -> None:
        self._text = text if text is not None else f"{{{PROMPT}}}"
        try:
            self.fields = [name for _, name, _, _ in Formatter().parse(self._text) if name is not None]
        except ValueError as error:
            raise ProviderConfigurationError(f"the prompt's template cannot be read: {error}") from error
        odd = [name for name in self.fields if not name.isidentifier()]
        if odd:
            raise ProviderConfigurationError(
                f"{odd[0]!r} in the prompt's template is not the name of a field; a brace that is meant stands twice"
            )

    def fill(self, row: Mapping[str, Any]) -> str:
        """The prompt for this row."""
        missing = [name for name in self.fields if name not in row]
        if missing:
            there = ", ".join(row) or "nothing"
            raise ProviderConfigurationError(f"the prompt needs {', '.join(missing)}, and the row has {there}")
        return self._text.format_map({name: row[name] for name in self.fields})
