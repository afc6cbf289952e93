"""The JSON format of saved conversations."""

from __future__ import annotations

from pydantic import Field, ValidationError

from ..errors import ConfigurationError
from ..types.model_base import FrozenModel
from .turn import Turn


class SavedConversation(FrozenModel):
    """A saved conversation, without endpoints because these contain API keys."""

    version: int = 1
    instructions: list[str] = Field(default_factory=list)
    turns: list[Turn] = Field(default_factory=list)


def read_saved(saved: bytes | str) -> SavedConversation:
    """Parse a saved conversation; raise `ConfigurationError` if it is invalid."""
    try:
        return SavedConversation.model_validate_json(saved)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the beginning"
        raise ConfigurationError(f"not a valid saved conversation: {first['msg']} at {where}") from error
