"""How public objects show themselves: a short `repr`, Markdown in notebooks, and rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from ..lazy_package import HintedNames

LONGEST = 200
"""Maximum length of a repr, in characters."""

LONGEST_VALUE = 60
"""Maximum length of one value in it, if it would be too long otherwise."""

OLD_ATTRIBUTES = frozenset(
    {
        "api_provider", "as_text", "beta", "bytes", "calculate_usage_charge", "choices", "clone", "content_b64_json",
        "content_bytes", "content_format", "content_url", "create_instance", "custom_metadata", "enabled",
        "filename", "files", "first", "foundation_model", "function", "function_reference", "get_charge",
        "get_content_as_bytes", "get_cost_data", "get_formatted_text", "get_masked_credentials",
        "get_max_output_token_limit", "get_max_output_tokens", "get_options_with_defaults",
        "get_provider_credentials", "get_reasoning_token_budget", "get_settings", "get_thinking_summary_delta",
        "get_user", "get_valid_options", "get_visible_fields", "hosted_tool_usage", "index",
        "is_foundation_model", "max_output_tokens_reasoning_mode", "message_contents", "message_id", "metadata",
        "model_dump_safe", "model_name_with_version_suffix", "number_of_images", "order", "preview_dict",
        "provider_response", "reference_number", "role", "set_random_id", "status", "storage_metadata",
        "structured_output", "structured_pyd", "structured_unprocessed", "supported_reasoning_efforts",
        "thinking_id", "thinking_signature", "thinking_status", "thinking_summary", "thinking_summary_delta",
        "thinking_text", "thinking_text_delta", "to_message_item", "to_prompt", "tool_call", "tools", "type",
        "usage_charge", "validate_content", "validate_options", "variables",
    }
)  # fmt: skip
"""Attributes of version 1 that some class had; `dhenara.ai.compat.attributes` has the classes."""

DEPRECATED = frozenset(
    {
        *("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj", "parse_raw"),
        *("schema", "schema_json", "update_forward_refs", "validate"),
    }
)
"""Methods of pydantic 1, which `dir` leaves out."""

Shown = Iterable[tuple[str | None, Any]]
"""Names and values in a repr. Those without name are shown like positional arguments."""


def short_repr(name: str, values: Shown) -> str:
    """Return `Name(value, name=value)` with at most `LONGEST` characters. Empty values are left out."""
    parts = list(not_empty(values))
    for most in (LONGEST, LONGEST_VALUE):
        text = ", ".join(
            short_value(value, most) if key is None else f"{key}={short_value(value, most)}" for key, value in parts
        )
        if len(text) + len(name) + 2 <= LONGEST:
            break
    return shorten(f"{name}({text}", LONGEST - 1) + ")"


def not_empty(values: Shown) -> Iterator[tuple[str | None, Any]]:
    """Leave out None and empty texts and containers."""
    for key, value in values:
        if value is not None and not (isinstance(value, str | list | dict | tuple) and not value):
            yield key, value


def short_value(value: object, most: int) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if type(value).__repr__ is str.__repr__:
        # A str is cut before its repr is made, because it may be a book.
        return repr(shorten(str(value), most))
    return shorten(repr(value), most)


def shorten(text: str, most: int) -> str:
    """Cut a text to this length; the last character is then an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class ShortRepr(HintedNames):
    """Objects with a short repr of what `_shown` returns, also in notebooks and in rich."""

    __slots__ = ()

    def _shown(self) -> Shown:
        return ()

    def __repr__(self) -> str:
        try:
            return short_repr(type(self).__name__, self._shown())
        except AttributeError:  # its constructor has failed, and a debugger shows it
            return f"<{type(self).__name__}, not initialized>"

    def __rich_repr__(self) -> Iterator[Any]:
        for key, value in not_empty(self._shown()):
            yield value if key is None else (key, value)

    def _repr_markdown_(self) -> str:
        return f"`{self!r}`"


class PlainText:
    """A text that rich prints as it is, without reading square brackets as its markup."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        yield console.render_str(self.text, markup=False, emoji=False, highlight=False)


class ShownAsText:
    """Answers: `print` and rich print their text, and notebooks show it as Markdown. Without text, their repr."""

    __slots__ = ()

    def _spoken(self) -> str:
        return str(getattr(self, "text", "") or "")

    def __str__(self) -> str:
        return self._spoken() or repr(self)

    def __rich__(self) -> PlainText:
        return PlainText(str(self))

    def _repr_markdown_(self) -> str:
        return self._spoken() or f"`{self!r}`"


def number_of(count: int, noun: str) -> str:
    """Return the number with its noun: `1 row`, `2 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [[str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [list(head), ["---"] * len(head), *lines])
