"""Responses with a cost that is calculated when it is first read or serialised."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from pydantic import PrivateAttr
from pydantic_core import core_schema

from .cost import Cost
from .model_base import FrozenModel

Pricing = Callable[[Any], Cost | None]


class Costed(FrozenModel):
    """Base class of responses with a `cost`, calculated on first access because loading the price list takes time."""

    if TYPE_CHECKING:
        cost: Cost | None = None

    _pricing: Pricing | None = PrivateAttr(default=None)

    def with_pricing(self, pricing: Pricing | None) -> Self:
        """Return this response; its cost is calculated with `pricing` on first access."""
        if pricing is not None:
            self.__dict__.pop("cost", None)
            self._pricing = pricing
        return self

    def settle_cost(self) -> None:
        """Calculate the cost now."""
        if "cost" not in self.__dict__:
            pricing, self._pricing = self._pricing, None
            known = {**self.__dict__, "cost": pricing(self) if pricing is not None else None}
            # In the order of the fields, so that a response and its copy from JSON are serialised in the same order.
            object.__setattr__(self, "__dict__", {name: known[name] for name in type(self).model_fields})
            # A new set: the old one is shared by many responses.
            object.__setattr__(self, "__pydantic_fields_set__", {*self.__pydantic_fields_set__, "cost"})

    # Hidden from type checkers: for them `cost` is a normal field, and the dump keeps the fields' schema.
    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name != "cost":
                return super().__getattr__(name)
            self.settle_cost()
            return self.__dict__["cost"]

        @classmethod
        def __get_pydantic_core_schema__(cls, source, handler):
            """Do what `model_serializer` does, without importing its module."""
            written = core_schema.wrap_serializer_function_ser_schema(with_cost)
            return {**handler(source), "serialization": written}

    def __eq__(self, other: object) -> bool:
        for one in (self, other):
            if isinstance(one, Costed):
                one.settle_cost()
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # responses hold lists

    def __repr_args__(self) -> Any:
        self.settle_cost()
        return super().__repr_args__()

    def __iter__(self) -> Any:
        self.settle_cost()
        return super().__iter__()

    def __getstate__(self) -> dict[Any, Any]:
        """Leave out the pricing object when pickling, because it holds the endpoint with its API key."""
        self.settle_cost()
        return super().__getstate__()

    def __copy__(self) -> Self:
        self.settle_cost()
        return super().__copy__()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        self.settle_cost()
        return super().__deepcopy__(memo)


def with_cost(answer: Costed, write: Callable[[Any], Any]) -> Any:
    answer.settle_cost()
    return write(answer)
