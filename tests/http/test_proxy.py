"""Which hosts NO_PROXY excludes."""

from __future__ import annotations

import pytest

from dhenara.ai.http.proxy import find_proxy


@pytest.mark.parametrize(
    ("host", "exceptions", "direct"),
    [
        ("api.example", "api.example", True),
        ("api.example", "other.example, .example", True),
        ("api.example", "*.example", True),
        ("api.example", "example:8080", False),
        ("api.example", "example:80", True),
        ("myexample", "example", False),
        ("api.example", "*", True),
        ("api.example", "", False),
        ("127.0.0.1", "localhost,127.0.0.1", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("::1", "localhost,::1", True),
        ("::1", "[::1]", True),
        ("fd00::7", "fd00::/8", True),
        ("fe80::7", "fd00::/8", False),
        ("::1", "127.0.0.1", False),
        ("api.example.", "api.example", True),
        ("api.example", "api.example.", True),
        ("api.example", "other.example api.example", True),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.0.0.0/8:8080", False),
        ("api.example", "ample", False),
    ],
)
def test_no_proxy_matches_names_addresses_and_networks(host: str, exceptions: str, direct: bool) -> None:
    environment = {"HTTP_PROXY": "http://proxy.example:3128", "no_proxy": exceptions}
    assert (find_proxy("http", host, environment) is None) == direct
