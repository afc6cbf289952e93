"""Lists of models: asks a provider for its list, page by page, and reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from ...codecs.base import MALFORMED, EncodedRequest
from ...codecs.common.request import quote_segment
from ...codecs.common.response_fields import require
from ...codecs.operations.operation import Wire
from ...errors import DhenaraError, UnsupportedError
from ...io.protocol import IO
from ...providers.base_urls import fill_template, own_host
from ...providers.provider import ModelListRoute
from ...providers.target import ResolvedTarget
from ...types.config.call import Call, CallJournal
from ...types.config.model import ModelListing
from ..authentication import with_authentication
from ..connect import fetch
from ..streaming.response_reader import undecodable_error

Names = tuple[str, ...]

# Where each field may be, the most exact name first; a dot is one level down.
LISTS: Names = ("data", "models", "modelSummaries", "publisherModels")
# Deepgram lists transcription and speech models separately.
SIDE_BY_SIDE: Names = ("stt", "tts")
ID: Names = ("id", "modelId", "model", "canonical_name", "name")
DISPLAY: Names = ("display_name", "displayName", "modelName", "name")
OWNER: Names = ("owned_by", "providerName", "organization", "publisher")
CONTEXT: Names = (
    *("context_window", "context_length", "max_context_length", "max_model_len", "inputTokenLimit"),
    *("max_input_tokens", "metadata.context_length", "meta.n_ctx", "meta.n_ctx_train", "limits.max_input_tokens"),
)
OUTPUT: Names = (
    *("max_completion_tokens", "max_output_tokens", "outputTokenLimit", "top_provider.max_completion_tokens"),
    *("max_output_length", "max_tokens", "metadata.max_tokens", "limits.max_output_tokens"),
)
CREATED: Names = ("created", "created_at", "createdAt", "modified_at")
CAPABILITIES: Names = (
    *("capabilities", "supportedGenerationMethods", "endpoints", "supported_parameters", "type"),
    *("metadata.tags", "inferenceTypesSupported"),
)
INPUT_MODALITY_FIELDS: Names = (
    "architecture.input_modalities",
    "inputModalities",
    "supported_input_modalities",
    "input_modalities",
)
SPOKEN: Names = (
    *("architecture.output_modalities", "outputModalities", "supported_output_modalities", "output_modalities"),
)
PLACE = r"^(publishers/[^/]+/)?models/"
# Token of the next page, and the query parameter for it.
TOKENS = {"nextPageToken": "pageToken", "next_page_token": "page_token", "nextToken": "nextToken"}


def read_listing(page: Any, provider: str) -> Iterator[ModelListing]:
    """Read the models on this page."""
    if not isinstance(page, list):
        require(page, "a list of models", *LISTS, *SIDE_BY_SIDE)
    listed = page if isinstance(page, list) else first_value(page, LISTS) or column_rows(page)
    named = [(entry, name) for entry in listed if isinstance(name := first_value(entry, ID), str) and name]
    if listed and not named:
        raise ValueError("expected a list of models, but no entry has a name")
    for entry, name in named:
        yield read_model(entry, re.sub(PLACE, "", name), provider)


def column_rows(page: Any) -> list[Any]:
    return [entry for name in SIDE_BY_SIDE for entry in (get_path(page, name) or ())]


def read_model(entry: Wire, name: str, provider: str) -> ModelListing:
    display, owner = first_value(entry, DISPLAY), first_value(entry, OWNER)
    return ModelListing(
        id=name,
        provider=provider,
        display_name=display if isinstance(display, str) and display != first_value(entry, ID) else None,
        owner=owner if isinstance(owner, str) else None,
        context_window=positive_int(first_value(entry, CONTEXT)),
        max_output_tokens=positive_int(first_value(entry, OUTPUT)),
        created=read_time(first_value(entry, CREATED)),
        capabilities=(*string_list(first_value(entry, CAPABILITIES)), *flag_names(entry)),
        input_modalities=tuple(word.lower() for word in string_list(first_value(entry, INPUT_MODALITY_FIELDS))),
        output_modalities=tuple(word.lower() for word in string_list(first_value(entry, SPOKEN))),
        raw=dict(entry),
    )


def next_page(page: Any, after: str) -> dict[str, str]:
    """Return the query parameters for the next page; empty on the last page."""
    if not isinstance(page, Mapping):
        return {}
    for data, request in TOKENS.items():
        if page.get(data):
            return {request: str(page[data])}
    return {after: str(page["last_id"])} if page.get("has_more") and page.get("last_id") else {}


def first_value(entry: Wire, names: Names) -> Any:
    return next((value for name in names if (value := get_path(entry, name)) not in (None, "", [], {})), None)


def get_path(entry: Any, name: str) -> Any:
    for step in name.split("."):
        entry = entry.get(step) if isinstance(entry, Mapping) else None
    return entry


def positive_int(number: Any) -> int | None:
    return number if isinstance(number, int) and number > 0 else None


def string_list(data: Any) -> tuple[str, ...]:
    """Return a list of strings; for an object with booleans, the keys that are true."""
    if isinstance(data, str):
        return (data,)
    if isinstance(data, Mapping):
        return tuple(name for name, value in data.items() if is_on(value))
    return tuple(word for word in data if isinstance(word, str)) if isinstance(data, list) else ()


def is_on(value: Any) -> bool:
    return value.get("supported") is True if isinstance(value, Mapping) else value is True


def flag_names(entry: Wire) -> Iterator[str]:
    """Return boolean fields such as `supports_tools` and `supports_chat`."""
    return (name.removeprefix("supports_") for name, on in entry.items() if name.startswith("supports_") and on is True)


def read_time(data: Any) -> datetime | None:
    """Parse seconds since 1970 or a date; None for anything else, and for zero."""
    if isinstance(data, str):
        try:
            return datetime.fromisoformat(data)
        except ValueError:
            return None
    try:
        return datetime.fromtimestamp(data, UTC) if data else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


MOST_PAGES = 1_000
OPENAI_PROTOCOLS = ("openai_chat", "openai_responses")


async def list_models(io: IO, target: ResolvedTarget, call: Call) -> list[ModelListing]:
    """Return every model that the provider lists for this key."""
    listing = find_listing(target)
    listing_target = replace(target, base_url=address(target, listing))
    io = io if listing_target.base_url == target.base_url else with_authentication(io, listing_target)
    listed: dict[str, ModelListing] = {}
    query = dict(listing.query)
    journals: list[CallJournal] = []
    for _ in range(MOST_PAGES):
        path = listing.path + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        journals.append(CallJournal())
        try:
            page = await fetch(
                io, listing_target, EncodedRequest(path, {}, listing.headers, method="GET"), call, journals[-1]
            )
            models = read_page(page, target)
        except DhenaraError as error:
            error.attempts = tuple(attempt for journal in journals for attempt in journal.attempts)
            raise
        next_query = next_page(page, listing.after)
        new_models = {model.id: model for model in models if model.id not in listed}
        listed.update(new_models)
        # A server that ignores the page parameter would return the first page forever.
        if not next_query or not new_models:
            break
        query.update(next_query)
    return list(listed.values())


def read_page(page: Any, target: ResolvedTarget) -> list[ModelListing]:
    origin = target.origin
    try:
        return list(read_listing(page, origin.provider))
    except MALFORMED as error:
        call_error = undecodable_error(error)
        call_error.provider, call_error.model = origin.provider, origin.model
        raise call_error from error


def find_listing(target: ResolvedTarget) -> ModelListRoute:
    """Return the provider's listing route, or the OpenAI one if it uses an OpenAI protocol."""
    provider, base = target.provider, target.route.base
    if provider.listing is not None:
        return provider.listing.by_base_url.get(base or "", provider.listing)
    if any(route.codec in OPENAI_PROTOCOLS for route in provider.routes) and not provider.embedded:
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
