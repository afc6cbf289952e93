"""Docstrings: what a function says of itself and its parameters, in Google's, NumPy's or reST's way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from ..dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FunctionDocs:
    """The description of the whole, and of each parameter that has one."""

    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_docstring(function: Callable[..., Any]) -> FunctionDocs:
    """What the docstring tells; nothing where there is none, or where it is only inherited from `object`."""
    text = inspect.getdoc(function)
    if not text:
        return FunctionDocs()
    from docstring_parser import ParseError, parse

    try:
        read = parse(text)
    except ParseError:
        # Whatever it is, it was written to be read.
        return FunctionDocs(text)
    options = [part for part in (read.short_description, read.long_description) if part]
    parameters = {one.arg_name.lstrip("*"): one.description for one in read.params if one.description}
    return FunctionDocs("\n\n".join(options) or None, parameters)
