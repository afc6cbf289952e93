"""Docstring parser: description of a function and its parameters, from Google, NumPy or reST style."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from ..dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FunctionDocs:
    """Description of a function and of its documented parameters."""

    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


def read_docstring(function: Callable[..., Any]) -> FunctionDocs:
    """Parse the docstring of a function; empty if there is none or it is inherited from `object`."""
    text = inspect.getdoc(function)
    if not text:
        return FunctionDocs()
    from docstring_parser import ParseError, parse

    try:
        read = parse(text)
    except ParseError:
        # No known style: use the whole text as the description.
        return FunctionDocs(text)
    options = [part for part in (read.short_description, read.long_description) if part]
    parameters = {one.arg_name.lstrip("*"): one.description for one in read.params if one.description}
    return FunctionDocs("\n\n".join(options) or None, parameters)
