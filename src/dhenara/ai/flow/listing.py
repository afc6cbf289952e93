"""Listing: the models of a provider, page by page, on the road that calls take: same key, patience, retries, errors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from ..codecs.base import MALFORMED, Outgoing
from ..codecs.listing import next_page, read_listing
from ..codecs.paths import quote_segment
from ..dataclass import replace
from ..errors import UnsupportedError
from ..providers.address import filled, own_host
from ..providers.listing import Listing
from ..providers.target import Target
from ..types.call import Call
from ..types.listing import ModelListing
from ..wire.io import IO
from .fetch import fetch
from .identity import identified
from .sources import unreadable

MOST_PAGES = 1_000
SAME_WORDS = ("openai_chat", "openai_responses")


async def list_models(io: IO, target: Target, call: Call) -> list[ModelListing]:
    """Every model that the provider lists for this key, in its order."""
    listing = find_listing(target)
    place = replace(target, base_url=address(target, listing))
    io = io if place.base_url == target.base_url else identified(io, place)
    found: dict[str, ModelListing] = {}
    query = dict(listing.query)
    for _ in range(MOST_PAGES):
        path = listing.path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        page = await fetch(io, place, Outgoing(path, {}, listing.headers, method="GET"), call)
        told = read_page(page, target)
        more = next_page(page, listing.after)
        fresh = {model.id: model for model in told if model.id not in found}
        found.update(fresh)
        # A server that ignores the question for the next page answers with the first one for ever.
        if not more or not fresh:
            break
        query.update(more)
    return list(found.values())


def read_page(page: Any, target: Target) -> list[ModelListing]:
    origin = target.origin
    try:
        return list(read_listing(page, origin.provider))
    except MALFORMED as error:
        broken = unreadable(error)
        broken.provider, broken.model = origin.provider, origin.model
        raise broken from error


def find_listing(target: Target) -> Listing:
    """Its own, or the usual one where it speaks the protocol that has it."""
    provider, base = target.provider, target.route.base
    if provider.listing is not None:
        return provider.listing.elsewhere.get(base or "", provider.listing)
    if any(route.codec in SAME_WORDS for route in provider.routes) and not provider.embedded:
        return Listing()
    raise UnsupportedError(f"{provider.name} offers no list of its models")


def address(target: Target, listing: Listing) -> str:
    """At the address that the user chose, else where the provider keeps its list."""
    provider, route = target.provider, target.route
    entries = {**target.grant.config, "model": quote_segment(target.origin.model)}
    prefix = filled(provider.prefix if route.prefix is None else route.prefix, provider, entries)
    root = target.base_url.removesuffix(prefix)
    if listing.base is not None and own_host(root, provider.hosts or (provider.base_url,)):
        root = filled(listing.base, provider, entries)
    return root + (prefix if listing.prefix is None else filled(listing.prefix, provider, entries))
