"""What a class takes from its base classes, or from the sync class with the same methods."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from griffe import Alias, Attribute, Class, DocstringSectionKind, Expr, Function, Object

from .source import OURS, section, source_of, text_of

PROTOCOLS = {"steps": ("dhenara.ai.testing", "Reply")}
"""Protocols that classes need not name as a base, by the method that they describe."""


def counterpart(value: type) -> type | None:
    """Return the sync class with the same methods, for an async class."""
    name = {"AsyncAiClient": "AiClient", "AsyncChat": "Chat", "AsyncAskStream": "AskStream"}.get(value.__name__)
    return getattr(importlib.import_module("ai_utilities"), name) if name else None


def annotation_of(member: Attribute, title: str, value: type) -> str | Expr | None:
    """Return the type of an attribute: its own, or that of the attribute which it overrides."""
    for base in value.__mro__[1:]:
        if member.annotation is None and base.__module__.startswith(OURS) and "[" not in base.__qualname__:
            found = source_of(base.__module__, base.__qualname__, base).members.get(title)
            member = found if isinstance(found, Attribute) else member
    return member.annotation


def overridden(value: type, title: str) -> Iterator[Function]:
    """Yield the methods of this name in the base classes, and in the protocol of such a method."""
    for base in value.__mro__[1:]:
        if base.__module__.startswith(OURS) and "[" not in base.__qualname__:
            found = source_of(base.__module__, base.__qualname__, base)
            member = found.members.get(title)
            if isinstance(member, Function):
                yield member
    if title in PROTOCOLS:
        module, name = PROTOCOLS[title]
        member = source_of(module, name, getattr(importlib.import_module(module), name)).members[title]
        assert isinstance(member, Function)
        yield member


SAME_FIELDS = {
    "ParameterArguments": ("dhenara.ai.types", "AIModelCallConfig"),
    "CallOptions": ("dhenara.ai.types", "AIModelCallConfig"),
    "AskOptions": ("dhenara.ai.types", "AIModelCallConfig"),
    "AiSettings": ("ai_utilities.config.client_settings", "ClientArguments"),
}
"""Options that are described where the class of this name declares them."""


def elsewhere(value: type, title: str) -> str:
    """Return the text that a base class, or the class that declares an option, has for a member."""
    if title == "type" and "type" in (
        getattr(value, "model_fields", None) or getattr(value, "__dataclass_fields__", ())
    ):
        return "Kind of this part; always this value."
    places = [
        (base.__module__, base.__qualname__)
        for base in value.__mro__[1:]
        if base.__module__.startswith(OURS) and "[" not in base.__qualname__
    ]
    if (other := SAME_FIELDS.get(value.__name__)) is not None:
        places.append(other)
    for module, name in places:
        found = source_of(module, name, getattr(importlib.import_module(module), name.split(".")[0]))
        member = found.all_members.get(title) if isinstance(found, Class) else None
        target = member.final_target if isinstance(member, Alias) else member
        if target is not None and (text := text_of(target)):
            return text
        described = section(found.docstring, DocstringSectionKind.attributes) if isinstance(found, Class) else []
        for item in described:
            if item.name == title:
                return str(item.description)
    return ""


def inherited_arguments(value: type, other: type | None) -> dict[str, str]:
    """Return what docstrings of a class, its bases and its counterpart say about arguments and attributes by name."""
    found: dict[str, str] = {}
    for base in (*(reversed(other.__mro__) if other else ()), *reversed(value.__mro__)):
        if base.__module__.startswith(OURS) and "[" not in base.__qualname__:
            source = source_of(base.__module__, base.__qualname__, base)
            for kind in (DocstringSectionKind.attributes, DocstringSectionKind.parameters):
                found |= {item.name.lstrip("*"): item.description for item in section(source.docstring, kind)}
    return found


def own_members(found: Class) -> Iterator[tuple[str, Object]]:
    """Yield the members of a class and of its bases in this library."""
    for title, member in found.all_members.items():
        target = member.final_target if isinstance(member, Alias) else member
        if target.path.startswith(OURS):
            yield title, target


def in_order(members: dict[str, Object], value: type) -> Iterator[tuple[str, Object]]:
    """Yield members in the order of their classes and lines, each async method after its sync form."""
    classes = [f"{base.__module__}.{base.__qualname__}" for base in value.__mro__]

    def place(member: Object) -> tuple[int, int]:
        parent = member.parent.path if member.parent else ""
        return classes.index(parent) if parent in classes else len(classes), member.lineno or 0

    names = sorted(members, key=lambda title: place(members[title]))
    for title in names:
        if title.endswith("_async") and title.removesuffix("_async") in members:
            continue
        yield title, members[title]
        if (twin := f"{title}_async") in members:
            yield twin, members[twin]
