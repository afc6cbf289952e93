"""Every codec is found by its name, also where several operations share a module."""

from __future__ import annotations

import pytest

from dhenara.ai.codecs.base import OPERATIONS, load_codec
from dhenara.ai.providers.provider import KNOWN, load_provider

NAMES = {route.codec for name in KNOWN for route in (*load_provider(name).routes, *load_provider(name).operations)}


@pytest.mark.parametrize("name", sorted(NAMES | set(OPERATIONS)))
def test_codec_has_the_name_that_it_is_loaded_by(name: str) -> None:
    assert load_codec(name).name == name
