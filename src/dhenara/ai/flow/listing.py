"""Listing: the models of a provider, page by page, on the road that calls take: same key, patience, retries, errors."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from ..codecs.base import Outgoing
from ..codecs.listing import next_page, read_listing
from ..errors import UnsupportedError
from ..providers.listing import Listing
from ..providers.provider import Provider
from ..providers.target import Target, filled
from ..types.call import Call
from ..types.listing import ModelListing
from ..wire.io import IO
from .fetch import fetch

MOST_PAGES = 1_000
SAME_WORDS = ("openai_chat", "openai_responses")


async def list_models(io: IO, target: Target, call: Call) -> list[ModelListing]:
    """Every model that the provider lists for this key, in its order."""
    listing = find_listing(target.provider)
    base = address(target, listing, call)
    found: dict[str, ModelListing] = {}
    query = dict(listing.query)
    for _ in range(MOST_PAGES):
        path = f"{base}{listing.path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        page = await fetch(io, target, Outgoing(path, {}, listing.headers, method="GET"), call)
        told = list(read_listing(page, target.origin.provider))
        more = next_page(page, listing.after)
        fresh = {model.id: model for model in told if model.id not in found}
        found.update(fresh)
        # A server that ignores the question for the next page answers with the first one for ever.
        if not more or not fresh:
            break
        query.update(more)
    return list(found.values())


def find_listing(provider: Provider) -> Listing:
    """Its own, or the usual one where it speaks the protocol that has it."""
    if provider.listing is not None:
        return provider.listing
    if any(route.codec in SAME_WORDS for route in provider.routes):
        return Listing()
    raise UnsupportedError(f"{provider.name} offers no list of its models")


def address(target: Target, listing: Listing, call: Call) -> str:
    """The base URL that the user chose; else the one at which the provider keeps its list."""
    usual = (target.route.base or target.provider.base_url).partition("{")[0]
    if listing.base is None or not target.base_url.startswith(usual):
        return target.base_url
    api = call.endpoint.api.model_copy(update={"config": dict(target.grant.config)})
    return filled(listing.base, target.provider, api)
