"""A conversation at rest, as it is kept in files."""

from __future__ import annotations

from pydantic import Field, ValidationError

from ..errors import ConfigurationError
from ..types.model_base import FrozenModel
from .turn import Turn


class SavedConversation(FrozenModel):
    """No endpoint is in it, for endpoints have keys."""

    version: int = 1
    instructions: list[str] = Field(default_factory=list)
    turns: list[Turn] = Field(default_factory=list)


def read_saved(saved: bytes | str) -> SavedConversation:
    """What was kept, or what is wrong with it."""
    try:
        return SavedConversation.model_validate_json(saved)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the beginning"
        raise ConfigurationError(f"this is not a saved conversation: {first['msg']} at {where}") from error
