"""What the reference says about a public name: read from the source with griffe, and from the imported class."""

from __future__ import annotations

import dataclasses
import enum
import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import annotated_types
import griffe
from griffe import Alias, Attribute, Class, Docstring, DocstringSectionKind, Function, Object

from .signatures import signature, type_text

SOURCE = Path(__file__).resolve().parents[2] / "src"
OURS = ("dhenara.", "ai_utilities.")
OPERATORS = ((annotated_types.Ge, "≥", "ge"), (annotated_types.Gt, ">", "gt"), (annotated_types.Le, "≤", "le"))
OPERATORS += ((annotated_types.Lt, "<", "lt"),)  # type: ignore[assignment]


@dataclass
class Entry:
    """A parameter, field, property or enum member."""

    name: str
    type: str
    default: str
    meaning: str


@dataclass
class CallForm:
    """A function, a method, or how a class is called."""

    name: str
    signature: str
    text: str
    parameters: list[Entry] = field(default_factory=list)
    returns: str = ""
    raises: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Documented:
    """A public name with everything the reference says about it."""

    name: str
    module: str
    kind: str
    text: str
    bases: list[str] = field(default_factory=list)
    construct: CallForm | None = None
    fields: list[Entry] = field(default_factory=list)
    properties: list[Entry] = field(default_factory=list)
    methods: list[CallForm] = field(default_factory=list)
    value: str = ""


@cache
def package(name: str) -> griffe.Module:
    """Return a package as griffe reads it."""
    loader = griffe.GriffeLoader(search_paths=[str(SOURCE)], docstring_parser="google")
    for each in ("dhenara.ai", "ai_utilities"):
        loader.load(each)
    loader.resolve_aliases(implicit=True, external=False)
    found = loader.modules_collection[name]
    assert isinstance(found, griffe.Module)
    return found


def describe(module: str, name: str) -> Documented:
    """Return what is known of a public name.

    Args:
        module: The module users import it from.
        name: The name in that module.

    Returns:
        Texts, parameters, fields and methods.
    """
    value = getattr(importlib.import_module(module), name)
    found = source_of(module, name, value)
    if isinstance(found, Class):
        return describe_class(module, name, found, value)
    if isinstance(found, Function):
        call = describe_function(found, name)
        return Documented(name, module, "function", call.text, construct=call)
    assert isinstance(found, Attribute)
    return Documented(name, module, "value", text_of(found), value=str(found.value or ""))


def source_of(module: str, name: str, value: Any) -> Object:
    """Return the object in the source that a public name stands for."""
    home = getattr(value, "__module__", None) if isinstance(value, type) or callable(value) else None
    real = getattr(value, "__qualname__", name) if home else name
    for place, title in ((home, real), (module, name)):
        if place and place.startswith(("dhenara.ai", "ai_utilities")):
            root = package("dhenara.ai" if place.startswith("dhenara.ai") else "ai_utilities")
            path = place.removeprefix(root.path).lstrip(".")
            try:
                found: Object | Alias = root[f"{path}.{title}" if path else title]
            except KeyError:
                continue
            return found.final_target if isinstance(found, Alias) else found
    raise LookupError(f"{module}.{name} is not in the source")


def describe_class(module: str, name: str, found: Class, value: type) -> Documented:
    """Return what is known of a class, with what it inherits from classes of the library."""
    made = Documented(name, module, kind_of(value), text_of(found), bases=bases(value))
    members = dict(in_order(dict(own_members(found)), value))
    arguments = section(found.docstring, DocstringSectionKind.parameters)
    described = inherited_arguments(value) | {item.name: item.description for item in arguments}
    attributes = {item.name: item.description for item in section(found.docstring, DocstringSectionKind.attributes)}
    init = members.pop("__init__", None)
    if isinstance(init, Function) and kind_of(value) in ("class", "exception"):
        made.construct = describe_function(init, name, described, raises(found.docstring))
    for title, member in members.items():
        if title.startswith("_"):
            continue
        if isinstance(member, Function):
            method = describe_function(member, f"{name}.{title}")
            method.text = method.text or elsewhere(value, title)
            made.methods.append(method)
        elif isinstance(member, Attribute) and is_data(member, title, value):
            meaning = (
                text_of(member) or described.get(title, "") or attributes.get(title, "") or elsewhere(value, title)
            )
            is_property = "property" in member.labels or "cached" in " ".join(member.labels)
            entry = Entry(title, type_text(member.annotation), default_of(value, title, member), meaning)
            (made.properties if is_property else made.fields).append(entry)
    return made


SAME_FIELDS = {
    "ParameterArguments": "AIModelCallConfig",
    "CallOptions": "AIModelCallConfig",
    "AskOptions": "AIModelCallConfig",
}
"""Options that are described where the class of this name declares them."""


def elsewhere(value: type, title: str) -> str:
    """Return the text that a base class, or the class that declares an option, has for a member."""
    if title == "type" and hasattr(value, "model_fields") and "type" in value.model_fields:
        return "Kind of this part; always this value."
    places = [
        (base.__module__, base.__qualname__)
        for base in value.__mro__[1:]
        if base.__module__.startswith(OURS) and "[" not in base.__qualname__
    ]
    if (other := SAME_FIELDS.get(value.__name__)) is not None:
        places.append(("dhenara.ai.types", other))
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


def inherited_arguments(value: type) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say about arguments and attributes of the same name."""
    found: dict[str, str] = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith(OURS) and "[" not in base.__qualname__:
            source = source_of(base.__module__, base.__qualname__, base)
            for kind in (DocstringSectionKind.attributes, DocstringSectionKind.parameters):
                found |= {item.name: item.description for item in section(source.docstring, kind)}
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


def is_data(member: Attribute, title: str, value: type) -> bool:
    """Whether a class attribute is something that instances have."""
    if title in ("model_config", "__slots__"):
        return False
    if issubclass(value, enum.Enum):
        return title in value.__members__
    return member.annotation is not None and "ClassVar" not in str(member.annotation)


def kind_of(value: type) -> str:
    if issubclass(value, enum.Enum):
        return "enum"
    if issubclass(value, BaseException):
        return "exception"
    if hasattr(value, "model_fields") or dataclasses.is_dataclass(value):
        return "data"
    if hasattr(value, "__total__"):
        return "options"
    return "class"


def bases(value: type) -> list[str]:
    skipped = {"FrozenModel", "object", "Generic", "Protocol", "BaseModel"}
    return [b.__name__ for b in value.__bases__ if b.__name__ not in skipped and not b.__name__.endswith("Mixin")]


def describe_function(
    found: Function,
    name: str,
    described: dict[str, str] | None = None,
    more: list[tuple[str, str]] | None = None,
) -> CallForm:
    """Return signature, parameters, result and errors of a function."""
    texts = {
        item.name.lstrip("*"): item.description for item in section(found.docstring, DocstringSectionKind.parameters)
    }
    texts |= described or {}
    made = CallForm(name, signature(found, name), text_of(found), raises=raises(found.docstring) or more or [])
    for parameter in found.parameters:
        if parameter.name in ("self", "cls", "mcs"):
            continue
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(
            str(parameter.kind and parameter.kind.value), ""
        )
        default = "" if stars else "required" if parameter.default is None else str(parameter.default)
        entry = Entry(stars + parameter.name, type_text(parameter.annotation), default, texts.get(parameter.name, ""))
        made.parameters.append(entry)
    for item in section(found.docstring, DocstringSectionKind.returns):
        made.returns = item.description
    return made


def text_of(found: Object) -> str:
    """Return the text of a docstring without its sections."""
    if found.docstring is None:
        return ""
    kinds = (DocstringSectionKind.text, DocstringSectionKind.examples)
    parts = [part.value for part in found.docstring.parsed if part.kind is kinds[0]]
    return "\n\n".join(str(part) for part in parts).strip()


def section(docstring: Docstring | None, kind: DocstringSectionKind) -> list[Any]:
    if docstring is None:
        return []
    return [item for part in docstring.parsed if part.kind is kind for item in part.value]


def raises(docstring: Docstring | None) -> list[tuple[str, str]]:
    return [(str(item.annotation), item.description) for item in section(docstring, DocstringSectionKind.raises)]


def default_of(value: type, title: str, member: Attribute) -> str:
    """Return default and range of a field, as far as they are declared."""
    fields = getattr(value, "model_fields", None)
    if isinstance(fields, dict) and title in fields:
        return " ".join(filter(None, (declared_default(fields[title]), declared_range(fields[title].metadata))))
    if dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            if each.name == title:
                if each.default is not dataclasses.MISSING:
                    return shown(each.default)
                return "required" if each.default_factory is dataclasses.MISSING else shown(each.default_factory())
    if issubclass(value, enum.Enum) and title in value.__members__:
        return shown(value[title].value)
    return ""


def declared_default(info: Any) -> str:
    if info.is_required():
        return "required"
    return shown(info.get_default(call_default_factory=not info.default_factory_takes_validated_data))


def declared_range(metadata: list[Any]) -> str:
    limits = [
        f"{sign} {getattr(each, key)}" for each in metadata for kind, sign, key in OPERATORS if isinstance(each, kind)
    ]
    return f"({', '.join(limits)})" if limits else ""


def shown(value: Any) -> str:
    if isinstance(value, enum.Enum):
        return repr(value.value)
    if isinstance(name := getattr(value, "__name__", None), str):
        return name
    text = repr(value)
    return text if len(text) <= 40 and " object at 0x" not in text else f"{type(value).__name__}()"
