"""Tools from typed functions: their definition for the model, and the arguments of the function."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal, Required

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModelCallConfig, InvalidArgumentsError, ServerTool, Tool, ToolDefinition, WebSearch


class Unit(enum.Enum):
    CELSIUS = "c"
    FAHRENHEIT = "f"


class Address(BaseModel):
    street: str
    number: int = Field(gt=0)


@dataclass
class Point:
    x: float
    y: float = 0.0


class Range(TypedDict, total=False):
    low: int
    high: int


def google(city: str, days: int = 3) -> str:
    """Looks up the weather.

    Knows the next days too.

    Args:
        city: The city's name.
        days: How many days
            to look ahead.

    Returns:
        The weather.
    """
    return f"{city}:{days}"


def numpy(city: str, days: int = 3) -> str:
    """Looks up the weather.

    Knows the next days too.

    Parameters
    ----------
    city : str
        The city's name.
    days : int
        How many days
        to look ahead.
    """
    return f"{city}:{days}"


def rest(city: str, days: int = 3) -> str:
    """Looks up the weather.

    Knows the next days too.

    :param city: The city's name.
    :param days: How many days
        to look ahead.
    """
    return f"{city}:{days}"


def everything(
    unit: Unit,
    mode: Literal["fast", "good"],
    home: Address,
    spot: Point,
    span: Range,
    day: date,
    maybe: str | None,
    many: list[Address] | None = None,
    table: dict[str, int] | None = None,
    score: Annotated[int, Field(ge=0, description="How sure.")] = 1,
) -> list[Any]:
    return [unit, mode, home, spot, span, day, maybe, many, table, score]


@pytest.mark.parametrize("function", [google, numpy, rest])
def test_signature_and_docstring_tell_the_model_about_a_function(function: Any) -> None:
    tool = Tool.from_function(function)
    assert tool.description == "Looks up the weather.\n\nKnows the next days too."
    assert tool.name == function.__name__
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city's name."},
            "days": {"type": "integer", "default": 3, "description": "How many days\nto look ahead."},
        },
        "required": ["city"],
        "additionalProperties": False,
    }


def test_arguments_arrive_as_the_types_that_were_annotated() -> None:
    bound = Tool.from_function(everything).bind(
        {
            "unit": "c",
            "mode": "good",
            "home": {"street": "Main", "number": 1},
            "spot": {"x": 1},
            "span": {"low": 1},
            "day": "2026-11-21",
            "maybe": None,
            "many": [{"street": "Side", "number": 2}],
        }
    )
    assert bound() == [
        Unit.CELSIUS,
        "good",
        Address(street="Main", number=1),
        Point(1.0),
        {"low": 1},
        date(2026, 11, 21),
        None,
        [Address(street="Side", number=2)],
        None,
        1,
    ]


def test_nested_types_enums_and_limits_are_in_the_schema() -> None:
    schema = Tool.from_function(everything).parameters
    properties = schema["properties"]
    assert schema["$defs"]["Unit"]["enum"] == ["c", "f"]
    assert properties["mode"]["enum"] == ["fast", "good"]
    assert schema["$defs"]["Address"]["properties"]["number"]["exclusiveMinimum"] == 0
    assert properties["maybe"]["anyOf"] == [{"type": "string"}, {"type": "null"}]
    assert properties["score"] == {"type": "integer", "minimum": 0, "default": 1, "description": "How sure."}
    assert schema["required"] == ["unit", "mode", "home", "spot", "span", "day", "maybe"]


def test_names_that_no_model_field_may_have_are_fine_for_parameters() -> None:
    def odd(copy: str, model_dump: int, schema: bool, _hidden: str = "h") -> str:
        return f"{copy}{model_dump}{schema}{_hidden}"

    assert Tool.from_function(odd).bind({"copy": "c", "model_dump": 1, "schema": True, "_hidden": "x"})() == "c1Truex"


def test_positional_parameters_and_partials_work() -> None:
    def power(base: int, exponent: int = 2, /) -> int:
        return base**exponent

    assert Tool.from_function(power).bind({"base": 3})() == 9
    assert Tool.from_function(power).bind({"base": 2, "exponent": 5})() == 32
    fixed = functools.partial(google, days=9)
    tool = Tool.from_function(fixed)
    assert list(tool.parameters["properties"]) == ["city"]
    assert tool.bind({"city": "Rome"})() == "Rome:9"


def test_methods_and_callable_objects_are_tools() -> None:
    class Desk:
        """A desk."""

        def find(self, name: str) -> str:
            """Finds a thing."""
            return f"found {name}"

        def __call__(self, name: str) -> str:
            """Asks at the desk."""
            return f"asked {name}"

    assert Tool.from_function(Desk().find).bind({"name": "pen"})() == "found pen"
    tool = Tool.from_function(Desk())
    assert (tool.name, tool.description) == ("Desk", "Asks at the desk.")
    assert tool.bind({"name": "pen"})() == "asked pen"


def test_a_parameter_is_described_wherever_it_is_described() -> None:
    def rate(
        kind: Annotated[str, "What kind."],
        how: Annotated[int, Field(ge=1, description="How much."), "not this"],
        many: int = Field(default=2, le=9, description="How many."),
        word: str = Field(min_length=1),
    ) -> list[Any]:
        return [kind, how, many, word]

    tool = Tool.from_function(rate)
    assert tool.parameters["properties"] == {
        "kind": {"type": "string", "description": "What kind."},
        "how": {"type": "integer", "minimum": 1, "description": "How much."},
        "many": {"type": "integer", "maximum": 9, "default": 2, "description": "How many."},
        "word": {"type": "string", "minLength": 1},
    }
    assert tool.parameters["required"] == ["kind", "how", "word"]
    assert tool.bind({"kind": "a", "how": 1, "word": "w"})() == ["a", 1, 2, "w"]


def test_functions_that_are_wrapped_keep_their_types_and_words() -> None:
    @functools.lru_cache
    def remembered(city: str) -> str:
        """Looks it up once."""
        return f"seen {city}"

    tool = Tool.from_function(remembered)
    assert (tool.name, tool.description) == ("remembered", "Looks it up once.")
    assert tool.bind({"city": "Rome"})() == "seen Rome"


def test_a_default_that_is_not_json_is_omitted() -> None:
    def limit(most: float = float("inf"), least: float = float("nan")) -> float:
        return most

    tool = Tool.from_function(limit)
    assert "default" not in str(tool.parameters)
    assert tool.bind({})() == float("inf")


def test_what_cannot_be_described_is_an_error_that_names_it() -> None:
    class Opaque:
        pass

    def untyped(city) -> str:  # type: ignore[no-untyped-def]  # that is the point
        return str(city)

    def spread(*cities: str) -> str:
        return str(cities)

    def opaque(thing: Opaque) -> str:
        return str(thing)

    def normalized(**cities: str) -> str:
        return str(cities)

    def required(city: Required[str]) -> str:  # type: ignore[valid-type]  # that is the point
        return str(city)

    cases: list[tuple[Any, str]] = [(untyped, "'city'.*has no type"), (spread, r" \*cities"), (opaque, "Opaque")]
    for function, provided in [*cases, (normalized, r" \*\*cities"), (required, "Required")]:
        function.__annotations__ = {k: {"Opaque": Opaque}.get(v, v) for k, v in function.__annotations__.items()}
        with pytest.raises(ConfigurationError, match=provided):
            Tool.from_function(function)
    with pytest.raises(ConfigurationError, match="64 letters"):
        Tool.from_function(lambda: None)


@pytest.mark.parametrize(
    ("arguments", "provided"),
    [({}, "city: Field required"), ({"city": 1}, "city: Input should be a valid string"), ({"city": "a", "x": 1}, "x")],
)
def test_wrong_arguments_are_explained_in_the_models_own_terms(arguments: dict[str, Any], provided: str) -> None:
    with pytest.raises(InvalidArgumentsError, match=provided):
        Tool.from_function(google).bind(arguments)


@pytest.mark.parametrize("kind", [Address, Point, Range])
def test_a_class_of_fields_is_a_tool_whose_function_gets_an_object(kind: Any) -> None:
    arguments: dict[type, dict[str, Any]] = {
        Address: {"street": "Main", "number": 1},
        Point: {"x": 1},
        Range: {"low": 1},
    }
    tool = Tool.from_type(kind, lambda given: given)
    assert tool.name == kind.__name__
    assert tool.description is None
    assert tool.bind(arguments[kind])() == (kind(**arguments[kind]))


def test_a_json_schema_is_a_tool_and_its_arguments_are_checked() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    tool = Tool.from_schema(schema, lambda a: a + 1, name="add")
    assert tool.bind({"a": 1})() == 2
    with pytest.raises(InvalidArgumentsError, match="a: "):
        tool.bind({"a": "one"})


def test_whatever_is_meant_as_a_tool_is_one_in_a_config() -> None:
    config = AIModelCallConfig(
        tools=[
            google,
            Address,
            {"title": "add", "type": "object", "properties": {"a": {"type": "integer"}}},
            {"type": "function", "function": {"name": "openai", "parameters": {"type": "object"}}},
            {"type": "custom", "name": "claude", "input_schema": {"type": "object"}},
            {"type": "web_search_20250305", "name": "web_search"},
            {"googleSearch": {}},
            {"kind": "web_search", "max_uses": 2},
        ]
    )
    names = [tool.name for tool in config.tools if isinstance(tool, ToolDefinition)]
    assert names == ["google", "Address", "add", "openai", "claude"]
    assert list(config.tools[5:]) == [
        ServerTool(spec={"type": "web_search_20250305", "name": "web_search"}),
        ServerTool(spec={"googleSearch": {}}),
        WebSearch(max_uses=2),
    ]
    again = AIModelCallConfig.model_validate_json(config.model_dump_json())
    assert [getattr(tool, "name", None) for tool in again.tools][:2] == ["google", "Address"]
    assert again.tools[5:] == config.tools[5:]


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="duplicate tool name google"):
        AIModelCallConfig(tools=[google, google])
