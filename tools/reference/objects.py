"""What the reference says about a public name: read from the source with griffe, and from the imported class."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import re
from dataclasses import dataclass, field
from typing import Any

import annotated_types
from griffe import Attribute, Class, DocstringSectionKind, Function, Object
from pydantic import BaseModel

from .inheritance import annotation_of, counterpart, elsewhere, in_order, inherited_arguments, overridden, own_members
from .listing import SOURCE_ONLY, classes, public_names
from .shared import MADE_BY_THE_LIBRARY, shared_meaning
from .signatures import default_text, full_type, signature
from .source import raises, raises_by_name, returns, section, source_of, text_of

OPERATORS = ((annotated_types.Ge, "≥", "ge"), (annotated_types.Gt, ">", "gt"), (annotated_types.Le, "≤", "le"))
OPERATORS += ((annotated_types.Lt, "<", "lt"),)  # type: ignore[assignment]

SAME_ARGUMENTS = re.compile(r"Arguments as for `(?P<method>\w+)`")
"""Text of a method whose arguments another method of the class describes."""


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
    raising: bool = False
    """Whether its own body raises an error by name."""
    same_as: str = ""
    """The method that describes the arguments, result and errors of this one."""


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
    inherited: dict[str, list[str]] = field(default_factory=dict)
    """Names of methods by the public base class whose section describes them."""
    value: str = ""


def describe(module: str, name: str) -> Documented:
    """Return what is known of a public name.

    Args:
        module: The module users import it from.
        name: The name in that module.

    Returns:
        Texts, parameters, fields and methods.
    """
    value = None if module.startswith(SOURCE_ONLY) else getattr(importlib.import_module(module), name)
    found = source_of(module, name, value)
    if isinstance(found, Class):
        return describe_source(module, name, found) if value is None else describe_class(module, name, found, value)
    if isinstance(found, Function):
        call = with_shared_meanings(describe_function(found, name))
        if (sync := name.removesuffix("_async")) != name:
            call.same_as = sync
        return Documented(name, module, "function", call.text, construct=call)
    assert isinstance(found, Attribute)
    return Documented(name, module, "value", text_of(found), value=str(found.value or ""))


def describe_source(module: str, name: str, found: Class) -> Documented:
    """Return what the source says of a class: its text, how it is made, and its fields.

    Its methods are those of the class of another library that it is based on.
    """
    made = Documented(name, module, "class", text_of(found), bases=[str(base) for base in found.bases])
    meanings = {item.name: item.description for item in section(found.docstring, DocstringSectionKind.attributes)}
    arguments = section(found.docstring, DocstringSectionKind.parameters)
    described = {item.name.lstrip("*"): item.description for item in arguments}
    init = found.members.get("__init__")
    if isinstance(init, Function):
        made.construct = describe_function(init, name, described, raises(found.docstring))
    for title, member in found.members.items():
        if isinstance(member, Attribute) and title in meanings:
            annotation = full_type(member.annotation, public_names())
            made.fields.append(Entry(title, annotation, source_default(member), meanings[title]))
    return made


def source_default(member: Attribute) -> str:
    """Return the default of a field as the source has it."""
    text = "required" if member.value is None else str(member.value)
    declared = re.match(r"Field\((?:default=(?P<value>[^,)]+)|default_factory=(?P<made>\w+))", text)
    if declared is None:
        return text
    return declared["value"] or f"{declared['made']}()"


def describe_class(module: str, name: str, found: Class, value: type) -> Documented:
    """Return what is known of a class, with what it inherits from classes of the library."""
    made = Documented(name, module, kind_of(value), text_of(found), bases=bases(value))
    members = dict(in_order(dict(own_members(found)), value))
    arguments = section(found.docstring, DocstringSectionKind.parameters)
    described = inherited_arguments(value, counterpart(value)) | {
        item.name.lstrip("*"): item.description for item in arguments
    }
    attributes = {item.name: item.description for item in section(found.docstring, DocstringSectionKind.attributes)}
    init = members.pop("__init__", None)
    if isinstance(init, Function) and kind_of(value) in ("class", "exception") and name not in MADE_BY_THE_LIBRARY:
        made.construct = with_shared_meanings(describe_function(init, name, described, raises(found.docstring)))
    for title, member in members.items():
        if title.startswith("_") or hasattr(BaseModel, title):
            continue
        if isinstance(member, Function):
            home = classes().get(member.parent.path if member.parent else "", name)
            if home == name:
                made.methods.append(describe_method(member, name, value, members))
            else:
                made.inherited.setdefault(home, []).append(title)
        elif isinstance(member, Attribute) and is_data(member, title, value):
            texts = (text_of(member), described.get(title), attributes.get(title), declared_text(value, title))
            meaning = next(filter(None, texts), "") or elsewhere(value, title)
            is_property = "property" in member.labels or "cached" in " ".join(member.labels)
            annotation = full_type(annotation_of(member, title, value), public_names())
            entry = Entry(title, annotation, default_of(value, title, member), meaning)
            (made.properties if is_property else made.fields).append(entry)
    return made


def describe_method(found: Function, name: str, value: type, members: dict[str, Object]) -> CallForm:
    """Return what is known of a method.

    An `x_async` refers to its sync form, a method of an async class to that of the sync class; what the docstring of
    an override lacks comes from the base class.
    """
    made = describe_function(found, f"{name}.{found.name}")
    sync, other = found.name.removesuffix("_async"), counterpart(value)
    if sync != found.name and sync in members:
        made.same_as = f"{name}.{sync}"
        made.text = made.text or "Async form, to be awaited."
        return made
    if other is not None and found.name in source_of(other.__module__, other.__qualname__, other).all_members:
        made.same_as = f"{other.__name__}.{found.name}"
    for each in overridden(value, found.name):
        complete(made, describe_function(each, made.name))
    named = SAME_ARGUMENTS.search(made.text)
    if named is not None and isinstance(described := members.get(named["method"]), Function):
        meanings = {entry.name: entry.meaning for entry in describe_function(described, made.name).parameters}
        for entry in made.parameters:
            entry.meaning = entry.meaning or meanings.get(entry.name, "")
    return with_shared_meanings(made)


def complete(form: CallForm, base: CallForm) -> None:
    """Add to a method what only the docstring of the method that it overrides says."""
    form.text, form.returns, form.raises = (
        form.text or base.text,
        form.returns or base.returns,
        form.raises or base.raises,
    )
    meanings = {entry.name: entry.meaning for entry in base.parameters}
    for entry in form.parameters:
        entry.meaning = entry.meaning or meanings.get(entry.name, "")


def with_shared_meanings(form: CallForm) -> CallForm:
    """Describe the parameters that mean the same everywhere, where no docstring does."""
    for entry in form.parameters:
        entry.meaning = entry.meaning or shared_meaning(entry.name, entry.type)
    return form


def is_data(member: Attribute, title: str, value: type) -> bool:
    """Whether a class attribute is something that instances have."""
    if title in ("model_config", "__slots__"):
        return False
    if issubclass(value, enum.Enum):
        return title in value.__members__
    annotation = annotation_of(member, title, value)
    return annotation is not None and "ClassVar" not in str(annotation)


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
    """Return the base classes that a user knows: public ones, and those of Python."""
    return [
        base.__name__
        for base in value.__bases__
        if f"{base.__module__}.{base.__qualname__}" in classes()
        or (base.__module__ == "builtins" and base not in (object, dict))
    ]


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
    made.raising = raises_by_name(found.source)
    for parameter in found.parameters:
        if parameter.name in ("self", "cls", "mcs"):
            continue
        stars = {"variadic positional": "*", "variadic keyword": "**"}.get(
            str(parameter.kind and parameter.kind.value), ""
        )
        default = "" if stars else "required" if parameter.default is None else default_text(parameter.default)
        annotation = full_type(parameter.annotation, public_names())
        made.parameters.append(Entry(stars + parameter.name, annotation, default, texts.get(parameter.name, "")))
    made.returns = returns(found.docstring)
    return made


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


def declared_text(value: type, title: str) -> str:
    """Return the description of a field in its declaration."""
    info = getattr(value, "model_fields", {}).get(title)
    return str(getattr(info, "description", None) or "")


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
    if hasattr(value, "get_secret_value"):  # defaults are no secrets
        return repr(value.get_secret_value())
    if isinstance(name := getattr(value, "__name__", None), str):
        return name
    text = repr(value)
    return text if len(text) <= 40 and " object at 0x" not in text else f"{type(value).__name__}()"
