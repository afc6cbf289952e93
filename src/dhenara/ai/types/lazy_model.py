"""Models that are made from valid fields, and models whose fields are made when one of them is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self

from pydantic import BaseModel

from .model_base import FrozenModel

FIELDS = BaseModel.__dict__["__dict__"]
store_fields, fields_of = FIELDS.__set__, FIELDS.__get__


class FieldSource(Protocol):
    """Makes the fields of lazy models."""

    def fields(self, data: Any) -> dict[str, Any]:
        """Return all fields, in their order and valid, made from this data."""
        ...


class LightModel(FrozenModel):
    """Frozen model that can be made of valid fields alone, which costs a tenth of their validation.

    What pydantic stores besides the fields is made when it is read: all fields count as set.
    """

    @classmethod
    def of_valid(cls, fields: dict[str, Any]) -> Self:
        """Create a model without validation, from all of its fields in their order."""
        model = object.__new__(cls)
        store_fields(model, fields)
        return model

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            match name:
                case "__pydantic_fields_set__":
                    object.__setattr__(self, name, set(self.__dict__))
                case "__pydantic_extra__" | "__pydantic_private__":
                    object.__setattr__(self, name, None)
                case _:
                    return super().__getattr__(name)
            return object.__getattribute__(self, name)


class LazyModel(LightModel):
    """Frozen model whose fields may be made when the first of them is read.

    Whatever reads a field finds none at first and asks `__getattr__`; whatever reads all of them (`repr`, `==`, dumps,
    copies, pickles) reads `__dict__`. Both make the fields. A model that was validated has them from the beginning.
    """

    __slots__ = ("_source",)

    if TYPE_CHECKING:
        _source: tuple[Any, Any] | None

    @classmethod
    def lazy(cls, source: FieldSource, data: object) -> Self:
        """Create a model that gets its fields from a source.

        Args:
            source: Makes the fields.
            data: What it makes them from.
        """
        model = object.__new__(cls)
        store_source(model, (source, data))
        return model

    if not TYPE_CHECKING:

        @property
        def __dict__(self) -> dict[str, Any]:
            return fields_of(self) or self._make_fields()

        @__dict__.setter
        def __dict__(self, fields: dict[str, Any]) -> None:
            store_fields(self, fields)

        def __getattr__(self, name: str) -> Any:
            if name == "_source":
                return None
            if not fields_of(self) and name in (fields := self._make_fields()):
                return fields[name]
            return super().__getattr__(name)

    def _make_fields(self) -> dict[str, Any]:
        """Make the fields and return them; none for a model that has no source and was not validated yet."""
        if self._source is None:
            return {}
        source, data = self._source
        fields: dict[str, Any] = source.fields(data)
        store_fields(self, fields)
        return fields


store_source = LazyModel.__dict__["_source"].__set__
