"""The protocols by name, each loaded when it is first spoken."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .base import Codec


@cache
def load_codec(name: str) -> Codec[Any]:
    """The codec in the folder of this name; a dotted name is that of a module, for operations beside chat."""
    module = name if "." in name else f"{name}.codec"
    codec: Codec[Any] = import_module(f".{module}", __package__).CODEC
    return codec
