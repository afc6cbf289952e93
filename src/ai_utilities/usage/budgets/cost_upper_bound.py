"""The most that a call can cost before it is sent, by operation.

A bound is the price of usages that no answer can exceed: tokens of the prompt counted by bytes, the longest answer, and
the units that the request determines (images, characters, seconds, pages). Where an answer may be billed in several
ways, such as input that is written to a cache, the highest price counts. A bound is unknown if the price is, or if
nothing limits what is used; then each budget's policy for unknown costs decides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, cast

from dhenara.ai import Exchange, Target
from dhenara.ai.catalog import EndpointFacts, EndpointPrices
from dhenara.ai.types import (
    AIModel,
    Call,
    CodeExecution,
    FileSearch,
    RemoteMCP,
    ServerTool,
    Usage,
    WebSearch,
)

from ...exceptions import Options
from ..estimates import count_pages, estimate_request, words_of
from .request_terms import BoundedCall, RequestTerms, read_terms, whole_number

if TYPE_CHECKING:  # chat does not load the types of other operations
    from dhenara.ai.types import EmbeddingRequest, OcrRequest, RerankRequest, SpeechRequest, TranscriptionRequest

Price = Callable[[Usage], Decimal | None]

ZERO = Decimal(0)
CITATION = Usage(units={"citations": 1.0})
"""What models that search by themselves are billed for, as often as they like."""

LONG_CACHES = frozenset({"1h", "12h"})
"""Lifetimes in a cache that cost more to write."""

OUTPUT_WORDS = {f"output_{kind}_tokens": {kind, kind.title(), kind.upper()} for kind in ("audio", "image")}
"""Further kinds of output, and the words with which requests ask for them."""

REQUEST = Usage(units={"requests": 1.0})
"""What models that search with every request are billed for, however they search."""

TOKENS_PER_TEXT = 4
"""Tokens that a provider adds to each text to embed."""

TOKENS_PER_PICTURE = 8000
"""Most tokens of an image to edit, in the highest fidelity."""

TOKENS_PER_PARTIAL = 100
"""Tokens of a partial image of a stream."""

TOKENS_PER_SECOND = 50
"""Most tokens of a second of audio; providers count 10 to 32."""

PIXELS_PER_TOKEN = 100
"""Fewest pixels of a generated image for one token, in the highest quality: 150 to 250 at OpenAI."""

TOKENS_PER_CHARACTER = 6
"""Most tokens of audio for a character that is spoken, at three characters in a second."""

LEAST_SPOKEN = 50
"""Characters that a pause before and after speech is as long as."""

SPOKEN_KINDS = ("output_audio_tokens", "output_tokens")

LEAST_BYTES_PER_SECOND = {"audio/mpeg": 1000, "audio/mp3": 1000}
LEAST_BYTES = 500
"""Fewest bytes of a second of audio whose length is not in the header: 8 kbit/s in MP3, 4 kbit/s in other formats."""

TOKENS_PER_CHUNK = 500
"""Tokens of a document, with those of the query, from which on a reranker counts several documents."""

DOCUMENTS_PER_SEARCH = 100

SIZE = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}")
CHOICES = {"quality": ("low", "medium", "high"), "size": ("1024x1024", "1024x1536", "1536x1024")}
"""What a provider may choose for options that are unset or `auto`."""


def cost_upper_bound(exchange: Exchange, prices: EndpointPrices, facts: EndpointFacts) -> Decimal | None:
    """The most that a call can cost.

    Args:
        exchange: The call and the request that it becomes.
        prices: The prices of its endpoint.
        facts: The facts about its model.

    Returns:
        US dollars; None if the price or the length of the answer is unknown.
    """
    call = exchange.call
    body = exchange.body
    words = exchange.once(words_of)
    read = exchange.once(estimate_request).most
    terms = read_terms(body, words=words)
    bounded = BoundedCall(call, prices, read, exchange.expected_usage, words, terms, facts)
    if "web_search_options" in body and replace(bounded, terms=RequestTerms()).price(REQUEST):
        bounded = replace(bounded, terms=read_terms(body, free=("web_search_options",), words=words))
    if call.config.options.get("model") not in (None, call.endpoint.ai_model.model_name):
        return None
    return UPPER_BOUNDS.get(call.operation, unknown_bound)(bounded)


def upper_bound_for(target: Target, call: Call, read: int, has_files: bool = False) -> Decimal | None:
    """The most that a call of a batch with a prompt of so many tokens can cost; None if unknown."""
    terms = read_terms(call.config.options)
    prices = EndpointPrices(call.endpoint, target.base_url)
    bounded = BoundedCall(call, prices, read, terms=replace(terms, has_context=terms.has_context or has_files))
    most = {"chat": answer_bound, "embed": embedding_bound}.get(call.operation, unknown_bound)(bounded)
    searches = most_searches(bounded)
    if most is None or not searches:
        return most
    # Batches reduce the price of tokens; the share of the amount that counts has to have the whole fee in it.
    fees = bounded.price(Usage(units={"web_searches": searches})) or ZERO
    return most + fees * (1 / Decimal(str(target.price_share)) - 1)


def unknown_bound(bounded: BoundedCall) -> Decimal | None:
    """For operations whose cost cannot be foreseen."""
    return None


def answer_bound(bounded: BoundedCall, *, made: tuple[str, ...] = ()) -> Decimal | None:
    """The longest answer, also if the prompt is written to a cache, and with all searches that are allowed.

    Args:
        bounded: The call.
        made: Further kinds of output tokens that an answer may have.
    """
    searches, longest, read = most_searches(bounded), bounded.longest, bounded.prompt
    if searches is None or longest is None or read is None:
        return None
    if searches:
        facts = bounded.facts.find(bounded.call.endpoint)
        if facts is None or facts.context_window is None:
            return None
        # Results of searches become a part of the prompt, which is read again after each search.
        read = int(max(read, facts.context_window) * (searches + 1))
    inputs, outputs = input_kinds(bounded), ("output_tokens", *output_kinds(bounded, made))
    if not searches and bounded.expected is None and "VIDEO" not in bounded.words:
        highest = bounded.highest_sum(read, inputs, longest, outputs)
        if highest is not None:
            return highest  # nearly always
    return highest_of_each(bounded, searches, read, inputs, longest, outputs)


def highest_of_each(
    bounded: BoundedCall,
    searches: float,
    read: int,
    inputs: tuple[str, ...],
    longest: int,
    outputs: tuple[str, ...],
) -> Decimal | None:
    """The highest cost of these kinds of tokens, each priced alone; None if no price is known."""
    more: Options = {"units": {"web_searches": searches} if searches else {}}
    if bounded.expected is not None:
        more["options"] = bounded.expected.options
    if "VIDEO" in bounded.words:
        more["raw"] = {"candidatesTokensDetails": [{"modality": "VIDEO", "tokenCount": longest}]}

    def highest(inputs: Iterable[str], outputs: Iterable[str]) -> tuple[Decimal, str]:
        """The highest cost, and the kind of input that has it; below zero if no price is known."""
        costs = [
            (cost, bucket)
            for bucket, kind in product(inputs, outputs)
            if (cost := bounded.price(Usage.model_validate({bucket: read, kind: longest, **more}))) is not None
        ]
        return max(costs, default=(Decimal(-1), ""))

    # Prices add up, so the dearest input is dearest with every output.
    cost, dearest = highest(inputs, outputs[:1])
    return None if cost < 0 else max(cost, highest((dearest,), outputs[1:])[0])


def input_kinds(bounded: BoundedCall) -> tuple[str, ...]:
    """Kinds of tokens that the prompt may be billed as."""
    media = {part.type for message in bounded.call.messages for part in message.contents}
    cache = bounded.call.config.prompt_cache
    long = not LONG_CACHES.isdisjoint(bounded.words) or (cache is not None and cache.lifetime == "long")
    hour = ["cache_write_1h_tokens"] if long else []
    kinds = [f"input_{kind}_tokens" for kind in ("audio", "image") if kind in media]
    return ("input_tokens", "cache_write_tokens", *hour, *kinds)


def output_kinds(bounded: BoundedCall, made: tuple[str, ...]) -> list[str]:
    """Further kinds of tokens that the answer may be billed as."""
    kinds = [name for name, words in OUTPUT_WORDS.items() if not words.isdisjoint(bounded.words)]
    return list(dict.fromkeys(["reasoning_tokens", *kinds, *made])) if kinds or made else ["reasoning_tokens"]


def most_searches(bounded: BoundedCall) -> float | None:
    """The most web searches of a call; None if nothing limits them, or if the provider runs other tools."""
    config, expected = bounded.call.config, bounded.expected
    searches = expected.units.get("web_searches", 0.0) if expected else 0.0
    if searches:
        return searches
    if bounded.terms.searches is None or (bounded.prices.may_bill("citations") and bounded.price(CITATION)):
        return None
    searches = float(bounded.terms.searches)
    if searches:
        return searches
    for tool in config.tools:
        if isinstance(tool, ServerTool | CodeExecution | FileSearch | RemoteMCP):
            return None
        if isinstance(tool, WebSearch):
            if tool.max_uses is None:
                return None
            searches += tool.max_uses
    return searches


def embedding_bound(bounded: BoundedCall) -> Decimal | None:
    """Embeddings are billed by tokens or characters of texts, and by images or their tokens."""
    inputs = cast("EmbeddingRequest", bounded.call.request).texts
    read = bounded.read + TOKENS_PER_TEXT * len(inputs)
    images = float(sum(1 for one in inputs if not isinstance(one, str)))
    usages = [Usage(input_tokens=read), Usage(units={"characters": float(bounded.read)})]
    if images:
        video = {"promptTokenDetails": [{"modality": "VIDEO", "tokenCount": read}]}
        usages += [Usage(input_image_tokens=read), Usage(units={"input_images": images})]
        usages += [Usage(input_audio_tokens=read), Usage(input_tokens=read, raw=video)]
    return bounded.highest(usages)


def image_bound(bounded: BoundedCall) -> Decimal | None:
    """Images at the price of their options, or the most tokens that the answer may have."""
    parts = [part for message in bounded.call.messages for part in message.contents]
    pictures = sum(1 for part in parts if part.type == "image")
    if bounded.has_token_prices:
        return answer_bound(bounded, made=("output_image_tokens",))
    made = images_cost(bounded)
    if made is None and bounded.longest is not None:
        return answer_bound(bounded, made=("output_image_tokens",))
    if made is None and (made := pixels_cost(bounded)) is None:
        return None
    read = bounded.read + TOKENS_PER_PICTURE * pictures
    inputs = [Usage(input_tokens=read)]
    if pictures:
        inputs += [Usage(input_image_tokens=read), Usage(units={"input_images": float(pictures)})]
    partial = whole_number(bounded.call.config.options.get("partial_images"), 0) * TOKENS_PER_PARTIAL
    drafts = bounded.price(Usage(output_image_tokens=partial)) if partial else ZERO
    return made + (bounded.highest(inputs) or ZERO) + (drafts or ZERO)


def images_cost(bounded: BoundedCall) -> Decimal | None:
    """The highest price of the images, for every value that the provider may choose; None if one has no price."""
    config, expected = bounded.call.config, bounded.expected
    if expected is None:
        count = whole_number(config.n or config.options.get("n"), 1)
        expected = Usage(units={"images": float(count)}, options=dict(config.options))
    given = {**defaults_of(bounded.call.endpoint.ai_model), **expected.options}
    free = {name: values for name, values in CHOICES.items() if given.get(name) in (None, "auto")}
    every = [{**expected.options, **dict(zip(free, some, strict=True))} for some in product(*free.values())]
    costs = [bounded.price(expected.model_copy(update={"options": options})) for options in every]
    known = [cost for cost in costs if cost is not None]
    return max(known) if len(known) == len(costs) else None


def pixels_cost(bounded: BoundedCall) -> Decimal | None:
    """The price of the images by their pixels, where tokens are billed and nothing limits them."""
    expected = bounded.expected
    if expected is None or "images" not in expected.units:
        return None
    size = str({**defaults_of(bounded.call.endpoint.ai_model), **expected.options}.get("size"))
    width, _, height = (size if SIZE.fullmatch(size) else CHOICES["size"][-1]).partition("x")
    tokens = math.ceil(int(width) * int(height) / PIXELS_PER_TOKEN) * math.ceil(expected.units["images"])
    return bounded.highest([Usage(output_image_tokens=tokens), Usage(output_tokens=tokens)])


def defaults_of(model: AIModel) -> dict[str, object]:
    """The options of a model that have a default."""
    return {name: option.default_value for name, option in (model.valid_options or {}).items()}


def speech_bound(bounded: BoundedCall) -> Decimal | None:
    """Speech by its characters, or by the most tokens of audio."""
    spoken = None if bounded.expected is None or bounded.has_token_prices else bounded.price(bounded.expected)
    if spoken is not None or bounded.longest is not None:
        return answer_bound(bounded, made=("output_audio_tokens",)) if spoken is None else spoken
    request = cast("SpeechRequest", bounded.call.request)
    slowness = max(1.0, 1 / (request.speed or 1.0))
    tokens = math.ceil((len(request.text) + LEAST_SPOKEN) * TOKENS_PER_CHARACTER * slowness)
    read = bounded.read
    return bounded.highest(Usage.model_validate({"input_tokens": read, kind: tokens}) for kind in SPOKEN_KINDS)


def transcription_bound(bounded: BoundedCall) -> Decimal | None:
    """Transcripts by the seconds of the audio, or by tokens of audio and of the longest transcript."""
    expected, longest = bounded.expected, bounded.longest
    audio = cast("TranscriptionRequest", bounded.call.request).audio
    seconds = expected.units.get("seconds") if expected is not None else None
    if expected is None or not seconds:
        slowest = LEAST_BYTES_PER_SECOND.get(audio.mime_type or "", LEAST_BYTES)
        seconds = float(math.ceil(len(audio.data or b"") / slowest))
        expected = Usage(units={"seconds": seconds})
    if not seconds:
        return None
    tokens = None
    if longest is not None:
        audio_tokens = math.ceil(seconds * TOKENS_PER_SECOND)
        tokens = bounded.price(Usage(input_audio_tokens=audio_tokens + bounded.read, output_tokens=longest))
    if bounded.has_token_prices:
        return tokens
    return max((cost for cost in (tokens, bounded.price(expected)) if cost is not None), default=None)


def ocr_bound(bounded: BoundedCall) -> Decimal | None:
    """The pages that the request names, else those of the PDF file."""
    if bounded.expected is not None:
        return bounded.price(bounded.expected)
    data = cast("OcrRequest", bounded.call.request).document.data
    pages = count_pages(data) if data else None
    if pages is None:
        return None
    unit = "annotated_pages" if any("annotation_format" in word for word in bounded.words) else "pages"
    return bounded.price(Usage(units={unit: float(pages)}))


def rerank_bound(bounded: BoundedCall) -> Decimal | None:
    """Searches by the most documents that long ones are divided into, or tokens with the query for each document."""
    request = cast("RerankRequest", bounded.call.request)
    query, *sizes = (len(text.encode("utf-8", "surrogatepass")) for text in (request.query, *request.documents))
    usages = [Usage(input_tokens=bounded.read + (query + TOKENS_PER_TEXT) * (len(sizes) + 1))]
    if query < TOKENS_PER_CHUNK:
        documents = sum(max(1, math.ceil(size / (TOKENS_PER_CHUNK - query))) for size in sizes)
        usages.append(Usage(units={"searches": float(max(1, math.ceil(documents / DOCUMENTS_PER_SEARCH)))}))
    return bounded.highest(usages)


UPPER_BOUNDS: dict[str, Callable[[BoundedCall], Decimal | None]] = {
    "chat": answer_bound,
    "embed": embedding_bound,
    "image": image_bound,
    "ocr": ocr_bound,
    "rerank": rerank_bound,
    "speak": speech_bound,
    "transcribe": transcription_bound,
}
