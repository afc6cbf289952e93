"""Lists the models of a provider, page by page, with the same key, timeouts, retries and errors as calls."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from ..codecs.base import MALFORMED, EncodedRequest
from ..codecs.listing import next_page, read_listing
from ..codecs.paths import quote_segment
from ..dataclass import replace
from ..errors import DhenaraError, UnsupportedError
from ..providers.address import fill_template, own_host
from ..providers.listing import ModelListRoute
from ..providers.target import ResolvedTarget
from ..types.call import Call, CallJournal
from ..types.listing import ModelListing
from ..wire.io_protocol import IO
from .authentication import with_authentication
from .provider_get import fetch
from .response_reader import undecodable_error

MOST_PAGES = 1_000
SAME_WORDS = ("openai_chat", "openai_responses")


async def list_models(io: IO, target: ResolvedTarget, call: Call) -> list[ModelListing]:
    """Return every model that the provider lists for this key."""
    listing = find_listing(target)
    place = replace(target, base_url=address(target, listing))
    io = io if place.base_url == target.base_url else with_authentication(io, place)
    listed: dict[str, ModelListing] = {}
    query = dict(listing.query)
    journals: list[CallJournal] = []
    for _ in range(MOST_PAGES):
        path = listing.path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        journals.append(CallJournal())
        try:
            page = await fetch(io, place, EncodedRequest(path, {}, listing.headers, method="GET"), call, journals[-1])
            models = read_page(page, target)
        except DhenaraError as error:
            error.attempts = tuple(attempt for journal in journals for attempt in journal.attempts)
            raise
        more = next_page(page, listing.after)
        fresh = {model.id: model for model in models if model.id not in listed}
        listed.update(fresh)
        # A server that ignores the page parameter would return the first page forever.
        if not more or not fresh:
            break
        query.update(more)
    return list(listed.values())


def read_page(page: Any, target: ResolvedTarget) -> list[ModelListing]:
    origin = target.origin
    try:
        return list(read_listing(page, origin.provider))
    except MALFORMED as error:
        broken = undecodable_error(error)
        broken.provider, broken.model = origin.provider, origin.model
        raise broken from error


def find_listing(target: ResolvedTarget) -> ModelListRoute:
    """Return the provider's listing route, or the OpenAI one if it uses an OpenAI protocol."""
    provider, base = target.provider, target.route.base
    if provider.listing is not None:
        return provider.listing.fallback_eligible.get(base or "", provider.listing)
    if any(route.codec in SAME_WORDS for route in provider.routes) and not provider.embedded:
        return ModelListRoute()
    raise UnsupportedError(f"{provider.name} does not list its models")


def address(target: ResolvedTarget, listing: ModelListRoute) -> str:
    """Return the URL of the listing: the user's base URL if set, else the provider's."""
    provider, route = target.provider, target.route
    entries = {**target.auth_context.config, "model": quote_segment(target.origin.model)}
    prefix = fill_template(provider.prefix if route.prefix is None else route.prefix, provider, entries)
    root = target.base_url.removesuffix(prefix)
    if listing.base is not None and own_host(root, provider.hosts or (provider.base_url,)):
        root = fill_template(listing.base, provider, entries)
    return root + (prefix if listing.prefix is None else fill_template(listing.prefix, provider, entries))
