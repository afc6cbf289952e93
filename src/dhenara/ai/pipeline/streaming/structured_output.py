"""Structured output of streams: the complete value at the end, and partial values while it arrives."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Union, get_args, get_origin, get_type_hints

import pydantic
from pydantic import BaseModel, TypeAdapter, ValidationError

from ...codecs.base import Decoder
from ...errors import InvalidOutputError
from ...types.chat.delta import Delta, FinishDelta, Part, TextDelta, ToolCallDelta
from ...types.chat.message import Message
from ...types.chat.response import ChatResponse
from ...types.chat.structured import INSIDE, StructuredOutput, has_plain_data, output_error, read_output
from ...wire.partial_json import PLAIN, PartialJson, ReadPlan
from ...wire.sse import Frame


class OutputToolDecoder:
    """Wraps a decoder and turns the arguments of the output tool into text."""

    __slots__ = ("_called", "_inner", "_name", "_parts")

    def __init__(self, inner: Decoder, name: str) -> None:
        self._inner = inner
        self._name = name
        self._parts: set[tuple[int, Part]] = set()
        self._called: set[int] = set()
        """Choices with calls of other tools; their answers are turns of tool calls."""

    def whole(self, body: Any) -> Iterator[Delta]:
        return self._translate(self._inner.whole(body))

    def frame(self, frame: Frame) -> Iterator[Delta]:
        return self._translate(self._inner.frame(frame))

    def finish(self) -> Iterator[Delta]:
        return self._translate(self._inner.finish())

    def _translate(self, deltas: Iterable[Delta]) -> Iterator[Delta]:
        for delta in deltas:
            if isinstance(delta, ToolCallDelta):
                yield self._call(delta)
            elif isinstance(delta, FinishDelta) and delta.reason == "tool_calls" and delta.choice not in self._called:
                yield FinishDelta("stop", delta.raw, delta.stop_sequence, delta.message, delta.choice)
            else:
                yield delta

    def _call(self, delta: ToolCallDelta) -> Delta:
        place = (delta.choice, delta.part)
        if delta.name == self._name:
            self._parts.add(place)
        if place not in self._parts:
            self._called.add(delta.choice)
            return delta
        # Extras of the tool call would be mistaken for extras of a message if stored with the text.
        extras = {"called": delta.extras} if delta.extras else None
        return TextDelta(delta.part, delta.arguments, delta.choice, extras)


REPAIR = (
    "This is not the object that was asked for:\n{problem}\nAnswer again, with the corrected JSON and nothing else."
)
REPAIR_TEXT = "This answer cannot be accepted:\n{problem}\nAnswer again."


@dataclass(slots=True, eq=False)
class OutputProblem:
    """Invalid output that the model may still correct."""

    problem: str
    is_text: bool = False

    def to_message(self) -> Message:
        """Return the message that asks for a correction."""
        text = (REPAIR_TEXT if self.is_text else REPAIR).format(problem=self.problem)
        return Message.model_validate({"role": "user", "text": text})


@dataclass(slots=True, eq=False)
class OutputValidator:
    """Validator of one run; `repairs` is the number of corrections left."""

    repairs: int

    def read(self, answer: ChatResponse, kind: Any = None) -> Any | OutputProblem:
        """Return the output or an `OutputProblem`; raise `InvalidOutputError` if no corrections are left."""
        try:
            return read_output(answer, kind if has_plain_data(answer) else None)
        except InvalidOutputError as error:
            if self.repairs == 0:
                raise
            self.repairs -= 1
            return OutputProblem(error.message)

    def reject(self, answer: ChatResponse, problem: str, *, is_text: bool) -> OutputProblem:
        """Return the problem that a function of the user has with an output, or raise if no corrections are left."""
        if self.repairs == 0:
            raise output_error(answer, InvalidOutputError, f"the answer was not accepted: {problem}")
        self.repairs -= 1
        return OutputProblem(problem, is_text)


AS_THEY_ARE = (str, int, float, bool, Any)
SLOWEST = 32
"""Next event only after the text grew by 1/32, so that long responses do not cause many more events than short ones."""


class PartialOutputReader:
    """Parses the text of a response incrementally."""

    __slots__ = ("_json", "_length", "_shown", "_wrapped")

    def __init__(self, shape: StructuredOutput) -> None:
        plan = PLAIN if shape.model_class is None else plan_for(shape.model_class)
        self._wrapped = shape.wrapped
        self._json = PartialJson(InsidePlan(plan) if shape.wrapped else plan)
        self._length = 0
        self._shown = 0

    def add(self, text: str) -> None:
        """Parse the next piece; earlier text is not parsed again."""
        self._json.feed(text)
        self._length += len(text)

    def has_new_value(self) -> bool:
        """Return whether enough text was added for another event."""
        return self._length > self._shown + self._shown // SLOWEST

    def output(self) -> Any:
        """Return the object so far; None if there is nothing yet."""
        self._shown = self._length
        value = self._json.value()
        return value.get(INSIDE) if self._wrapped and isinstance(value, dict) else value


def partial_output(text: str, shape: StructuredOutput) -> Any:
    """Return what an unfinished text contains so far; None if nothing can be parsed."""
    growing = PartialOutputReader(shape)
    growing.add(text)
    return growing.output()


class InsidePlan(ReadPlan):
    """Plan for the wrapper object around output that is not an object."""

    def __init__(self, inner: ReadPlan) -> None:
        self._inner = inner

    def member(self, name: str) -> ReadPlan:
        return self._inner if name == INSIDE else PLAIN


class LeafPlan(ReadPlan):
    """Plan for values that pydantic converts once they are complete, such as dates; until then they stay plain."""

    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def enter(self, is_object: bool) -> ReadPlan:
        return RawPlan(self)

    def close(self, value: Any) -> Any:
        if value is None:
            return None
        return self.close_plain(value)

    def close_plain(self, value: Any) -> Any:
        """Validate plain data as this type; return it unchanged if it is invalid."""
        try:
            return self._adapter.validate_python(value)
        except ValidationError:
            return value

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._kind)


class RawPlan(ReadPlan):
    """Plan for objects whose type is not known yet: plain data until complete."""

    def __init__(self, whole: LeafPlan) -> None:
        self._whole = whole

    def member(self, name: str) -> ReadPlan:
        return PLAIN

    def item(self, index: int) -> ReadPlan:
        return PLAIN

    def close(self, value: Any) -> Any:
        return self._whole.close_plain(value)


class ModelPlan(LeafPlan):
    """Plan for pydantic models; missing fields have their default or None."""

    def __init__(self, kind: type[BaseModel]) -> None:
        super().__init__(kind)
        self._model = kind
        self._names: dict[str, str] = {}
        for name, field in kind.model_fields.items():
            words = (field.alias, field.validation_alias, name)
            self._names.update((word, name) for word in words if isinstance(word, str))
        self._missing = {name: None for name, field in kind.model_fields.items() if field.is_required()}

    def enter(self, is_object: bool) -> ReadPlan:
        return self if is_object else super().enter(is_object)

    def member(self, name: str) -> ReadPlan:
        known = self._names.get(name)
        return PLAIN if known is None else plan_for(self._model.model_fields[known].annotation)

    def close(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, dict) else super().close(value)

    def show(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        names = self._names
        given = {names[word]: one for word, one in value.items() if word in names}
        return self._model.model_construct(set(given), **{**self._missing, **given})


class DataclassPlan(LeafPlan):
    """Plan for dataclasses; missing fields have their default or None."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self._class = kind
        self._hints = hints_of(kind)

    def enter(self, is_object: bool) -> ReadPlan:
        return self if is_object else super().enter(is_object)

    def member(self, name: str) -> ReadPlan:
        return plan_for(self._hints.get(name, Any))

    def close(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, dict) else super().close(value)

    def show(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        made = object.__new__(self._class)
        for field in dataclasses.fields(self._class):
            object.__setattr__(made, field.name, value[field.name] if field.name in value else default_of(field))
        return made


class CollectionPlan(LeafPlan):
    """Plan for lists, tuples, sets and dicts."""

    def __init__(self, kind: Any) -> None:
        super().__init__(kind)
        self._origin = get_origin(kind)
        self._inner = get_args(kind)

    def enter(self, is_object: bool) -> ReadPlan:
        return self if is_object == (self._origin is dict) else super().enter(is_object)

    def member(self, name: str) -> ReadPlan:
        return plan_for(self._inner[1])

    def item(self, index: int) -> ReadPlan:
        if self._origin is not tuple or self._inner[-1] is Ellipsis:
            return plan_for(self._inner[0])
        return plan_for(self._inner[index]) if index < len(self._inner) else PLAIN

    def close(self, value: Any) -> Any:
        return self.show(value) if isinstance(value, list | dict) else super().close(value)

    def show(self, value: Any) -> Any:
        if self._origin is list or not isinstance(value, list):
            return value
        try:
            return self._origin(value)  # tuple, set or frozenset
        except TypeError:
            return value  # unhashable items, such as models that are not frozen


class ScalarPlan(LeafPlan):
    """Plan for strings, numbers and other JSON values."""

    def enter(self, is_object: bool) -> ReadPlan:
        return PLAIN

    def close(self, value: Any) -> Any:
        return value


def plan_for(kind: Any) -> ReadPlan:
    """Return the plan for values of this type."""
    kind = strip_annotated(kind)
    try:
        return cached_plan(kind)
    except TypeError:
        return make_plan(kind)  # unhashable `Annotated` metadata


@cache
def cached_plan(kind: Any) -> ReadPlan:
    return make_plan(kind)


def make_plan(kind: Any) -> ReadPlan:
    origin = get_origin(kind)
    if kind in AS_THEY_ARE or isinstance(kind, str):
        return ScalarPlan(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, pydantic.RootModel):
        return ModelPlan(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return DataclassPlan(kind)
    if origin in (list, tuple, set, frozenset, dict) and get_args(kind) not in ((), ((),)):
        return CollectionPlan(kind)
    if origin in (Union, types.UnionType):
        kinds = tuple(one for one in get_args(kind) if one is not type(None))
        # A union stays plain data until it is complete.
        return plan_for(kinds[0]) if len(kinds) == 1 else LeafPlan(kind)
    return LeafPlan(kind)


def default_of(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


@cache
def hints_of(kind: Any) -> dict[str, Any]:
    """Return the field types; empty if they cannot be resolved outside the function that defines them."""
    try:
        return get_type_hints(kind, include_extras=True)
    except NameError:
        return {}


def strip_annotated(kind: Any) -> Any:
    """Return the type without `Annotated` and `type` aliases."""
    while hasattr(kind, "__metadata__") or hasattr(kind, "__value__"):
        kind = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind.__value__
    return kind
