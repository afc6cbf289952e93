"""`Text`, the type of `text` on every result: a `str` that may also be called, and lists of parts that may."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

T = TypeVar("T")


class Text(str):
    """The text of a result. It is a `str`; calling it returns the same text, so that `response.text` and
    `response.text()` are both right.

    `str(text)` is a plain `str`, for the few libraries that refuse subclasses. Dumps of pydantic contain a plain `str`.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __call__(self) -> str: ...

    else:

        def __call__(self, match: re.Match[str] | None = None) -> str:
            # re.sub calls a replacement that can be called, and must get what it gets for a str.
            return str(self) if match is None else match.expand(str(self))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validated like a `str`, and serialized as one."""
        plain = core_schema.str_schema()
        return core_schema.no_info_after_validator_function(
            cls, plain, serialization=core_schema.plain_serializer_function_ser_schema(str, return_schema=plain)
        )


class PartList(list[T]):
    """A list of parts of an answer. Calling it returns the list, so that `response.tool_calls` and
    `response.tool_calls()` are both right.
    """

    __slots__ = ()

    def __call__(self) -> list[T]:
        """Return this list."""
        return self
