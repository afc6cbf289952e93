"""Our dataclasses are the standard ones to whoever uses them."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from dataclasses import MISSING, FrozenInstanceError, field
from typing import ClassVar

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.dataclass import dataclass, replace

NAMES = ("a", "b", "c", "d", "e")
DEFAULTS = st.sampled_from([0, None, "x", (), list, dict, "hidden", "unsettable"])


def declared(default):
    """What a class body says after `=`."""
    if default in (list, dict):
        return field(default_factory=default)
    if default == "hidden":
        return field(default=1, repr=False, compare=False)
    return field(init=False, default=7) if default == "unsettable" else default


@st.composite
def bodies(draw):
    """Fields of a class: those without a default first, as Python wants it."""
    required = draw(st.integers(0, 3))
    defaults = draw(st.lists(DEFAULTS, max_size=len(NAMES) - required))
    return [*[MISSING] * required, *defaults]


def made(maker, body, how, base=(), names=NAMES):
    """One class, as `maker` makes it."""
    given_names = names[: len(body)]
    space = {"__annotations__": dict.fromkeys(given_names, "object"), "__module__": __name__, "__doc__": "d"}
    space |= {name: declared(each) for name, each in zip(given_names, body, strict=True) if each is not MISSING}
    return maker(**how)(type("Made", tuple(base), space))


def told(action):
    """What comes of it: a value, or the error's own words."""
    try:
        return action()
    except (TypeError, ValueError, SyntaxError) as error:
        return type(error), str(error)


HOWS = st.sampled_from(
    [
        {"frozen": True, "slots": True},
        {"slots": True},
        {"slots": True, "eq": False},
    ]
)


GIVEN = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9))


@given(bodies(), HOWS, st.lists(st.integers(0, 9), max_size=6), GIVEN)
def test_a_class_behaves_as_the_standard_one(body, how, values, named):
    ours, standard = (made(maker, body, how) for maker in (dataclass, dataclasses.dataclass))
    first, second = told(lambda: ours(*values, **named)), told(lambda: standard(*values, **named))
    if isinstance(second, tuple):
        assert first == second
        return
    assert repr(first) == repr(second)
    assert ours.__match_args__ == standard.__match_args__
    assert ours.__slots__ == standard.__slots__
    assert not hasattr(first, "__dict__")
    assert str(inspect.signature(ours)) == str(inspect.signature(standard))
    assert [(f.name, f.init, f.repr, f.default) for f in dataclasses.fields(first)] == [
        (f.name, f.init, f.repr, f.default) for f in dataclasses.fields(second)
    ]
    assert told(lambda: dataclasses.asdict(first)) == told(lambda: dataclasses.asdict(second))
    assert (first == ours(*values, **named)) == (second == standard(*values, **named))
    assert (first == copy.copy(first), first == 3) == (second == copy.copy(second), second == 3)
    if how.get("eq", True):
        assert told(lambda: hash(first) == hash(ours(*values, **named))) == (
            told(lambda: hash(second) == hash(standard(*values, **named)))
            if how.get("frozen")
            else (TypeError, "unhashable type: 'Made'")
        )


@given(bodies(), HOWS, GIVEN)
def test_replacing_is_the_standard_replacing(body, how, changes):
    ours, standard = (made(maker, body, how) for maker in (dataclass, dataclasses.dataclass))
    first, second = (kind(*range(len(body) and body.count(MISSING))) for kind in (ours, standard))
    expected = told(lambda: dataclasses.replace(second, **changes))
    if isinstance(expected, tuple):
        assert isinstance(told(lambda: replace(first, **changes)), tuple)
        return
    assert repr(replace(first, **changes)) == repr(expected) == repr(dataclasses.replace(first, **changes))


@given(bodies(), bodies(), HOWS)
def test_a_class_inherits_as_the_standard_one(upper, lower, how):
    kinds = []
    for maker in (dataclass, dataclasses.dataclass):
        base = made(maker, upper, how)
        kinds.append(told(lambda maker=maker, base=base: made(maker, lower, how, [base], ("c", "d", "e", "f", "g"))))
    ours, standard = kinds
    if isinstance(standard, tuple):
        # A field without a default after one with: the standard tells at once, ours when the first is made.
        assert isinstance(told(ours), tuple)
        return
    assert ours.__slots__ == standard.__slots__
    assert repr(told(ours)) == repr(told(standard))


@dataclass(frozen=True, slots=True)
class Point:
    """Pickled by its name, so it stands here."""

    limit: ClassVar[int] = 3
    x: int
    y: int = 2
    near: list[int] = field(default_factory=list)

    def __post_init__(self):
        if self.x > self.limit:
            raise ValueError("too far")


@dataclass(slots=True)
class Named:
    name: str = ""

    def __repr__(self):
        return "mine"

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 5


def test_frozen_values_do_not_change():
    point = Point(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert point == Point(1, 2, [])


def test_they_are_pickled_and_copied():
    point = Point(1, near=[1, 2])
    pickled = pickle.loads(pickle.dumps(point))  # noqa: S301  # written on the same line
    for copied in (pickled, copy.copy(point), copy.deepcopy(point)):
        assert copied == point
        assert copied is not point
    assert copy.deepcopy(point).near is not point.near


def test_what_follows_the_making_is_done():
    assert Point.limit == 3
    with pytest.raises(ValueError, match="too far"):
        Point(4)


def test_methods_of_the_class_itself_stay():
    assert (repr(Named()), Named("a") == Named("b"), hash(Named())) == ("mine", True, 5)


def test_a_standard_dataclass_may_inherit():
    @dataclasses.dataclass(frozen=True)
    class Far(Point):
        z: int = 0

    assert repr(Far(1, z=4)).endswith("Far(x=1, y=2, near=[], z=4)")


def test_defaults_are_made_anew():
    assert Point(1).near is not Point(1).near


def test_it_can_be_matched():
    match Point(1, 5):
        case Point(x, y):
            assert (x, y) == (1, 5)
