"""Codec registry: each protocol is imported when it is first used."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .base import Codec


@cache
def load_codec(name: str) -> Codec[Any]:
    """Load the codec in the folder of this name; a dotted name is a module, for operations other than chat."""
    module = name if "." in name else f"{name}.codec"
    codec: Codec[Any] = import_module(f".{module}", __package__).CODEC
    return codec
