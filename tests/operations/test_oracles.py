"""The vendors' own clients ask for the same in the same words, and read the same in the answers."""

from __future__ import annotations

import base64
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import anthropic
import openai
import pytest
from google import genai

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer, SampleOperations, ServerExchange
from dhenara.ai.testing.sample_operations import png
from dhenara.ai.types import FileContent, ImageContent
from support.worlds import endpoint

cohere = pytest.importorskip("cohere")
mistral = pytest.importorskip("mistralai.client")

TEXTS = ["abc", "xyz"]
DOCUMENTS = ["Paris is in France", "Ruby is a programming language"]
CAT = ImageContent(data=png(8, 6), mime_type="image/png", name="image.png")
Ask = Callable[[str], Any]


def with_openai(ask: Callable[[openai.OpenAI], Any]) -> Ask:
    def run(url: str) -> Any:
        with openai.OpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as sdk:
            return ask(sdk)

    return run


def with_cohere(ask: Callable[[Any], Any]) -> Ask:
    def run(url: str) -> Any:
        with cohere.ClientV2(api_key="k", base_url=url) as sdk:
            return ask(sdk)

    return run


def with_mistral(ask: Callable[[Any], Any]) -> Ask:
    def run(url: str) -> Any:
        with mistral.Mistral(api_key="k", server_url=url) as sdk:
            return ask(sdk)

    return run


def with_google(ask: Callable[[Any], Any], *, on_vertex: bool = False) -> Ask:
    def run(url: str) -> Any:
        with genai.Client(vertexai=on_vertex, api_key="k", http_options={"base_url": url}) as sdk:
            return ask(sdk)

    return run


def with_anthropic(ask: Callable[[anthropic.Anthropic], Any]) -> Ask:
    def run(url: str) -> Any:
        with anthropic.Anthropic(api_key="k", base_url=url, max_retries=0) as sdk:
            return ask(sdk)

    return run


def vectors(made: Any) -> Any:
    return [one.embedding for one in made.data]


Case = tuple[str, str, Callable[[AIModelClient], Any], Ask]
CASES: dict[str, Case] = {
    "openai-embed": (
        "openai",
        "text-embedding-3-small",
        lambda client: client.embed(TEXTS, dimensions=4).vectors,
        with_openai(
            lambda sdk: vectors(sdk.embeddings.create(model="text-embedding-3-small", input=TEXTS, dimensions=4))
        ),
    ),
    "openai-moderate": (
        "openai",
        "omni-moderation-latest",
        lambda client: [one.flagged for one in client.moderate(["I kill you"]).results],
        with_openai(
            lambda sdk: [
                one.flagged
                for one in sdk.moderations.create(model="omni-moderation-latest", input=["I kill you"]).results
            ]
        ),
    ),
    "openai-draw": (
        "openai",
        "dall-e-3",
        lambda client: [
            one.bytes for one in client.generate("A cat", options={"response_format": "b64_json"}).image_response.images
        ],
        with_openai(
            lambda sdk: [
                base64.b64decode(one.b64_json or "")
                for one in sdk.images.generate(model="dall-e-3", prompt="A cat", response_format="b64_json").data or ()
            ]
        ),
    ),
    "openai-edit": (
        "openai",
        "gpt-image-2",
        lambda client: len(client.edit_image("A hat", [CAT, CAT], n=2).image_response.images),
        with_openai(
            lambda sdk: len(
                sdk.images.edit(
                    model="gpt-image-2", prompt="A hat", n=2, image=[("image.png", CAT.data or b"", "image/png")] * 2
                ).data
                or ()
            )
        ),
    ),
    "openai-vary": (
        "openai",
        "dall-e-2",
        lambda client: len(client.vary_image(CAT, n=2).image_response.images),
        with_openai(
            lambda sdk: len(
                sdk.images.create_variation(
                    model="dall-e-2", n=2, image=("image.png", CAT.data or b"", "image/png")
                ).data
                or ()
            )
        ),
    ),
    "openai-count": (
        "openai",
        "gpt-6-sol",
        lambda client: client.count_tokens("How many?", instructions="Be brief.").input_tokens,
        with_openai(
            lambda sdk: (
                sdk.responses.input_tokens.count(
                    model="gpt-6-sol",
                    instructions="Be brief.",
                    input=[
                        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How many?"}]}
                    ],
                ).input_tokens
            )
        ),
    ),
    "anthropic-count": (
        "anthropic",
        "claude-haiku-4-5",
        lambda client: client.count_tokens("How many?", instructions="Be brief.").input_tokens,
        with_anthropic(
            lambda sdk: (
                sdk.messages.count_tokens(
                    model="claude-haiku-4-5",
                    system="Be brief.",
                    messages=[{"role": "user", "content": [{"type": "text", "text": "How many?"}]}],
                ).input_tokens
            )
        ),
    ),
    "cohere-embed": (
        "cohere",
        "embed-v4.0",
        lambda client: client.embed(TEXTS, input_type="query", dimensions=4, truncate=True).vectors,
        with_cohere(
            lambda sdk: (
                sdk.embed(
                    model="embed-v4.0",
                    texts=TEXTS,
                    input_type="search_query",
                    output_dimension=4,
                    embedding_types=["float"],
                    truncate="END",
                ).embeddings.float_
            )
        ),
    ),
    "cohere-rerank": (
        "cohere",
        "rerank-v4.0-pro",
        lambda client: [(one.index, one.score) for one in client.rerank("ruby is", DOCUMENTS, top_n=2).results],
        with_cohere(
            lambda sdk: [
                (one.index, one.relevance_score)
                for one in sdk.rerank(model="rerank-v4.0-pro", query="ruby is", documents=DOCUMENTS, top_n=2).results
            ]
        ),
    ),
    "mistral-embed": (
        "mistral",
        "mistral-embed",
        lambda client: client.embed(TEXTS).vectors,
        with_mistral(lambda sdk: vectors(sdk.embeddings.create(model="mistral-embed", inputs=TEXTS))),
    ),
    "mistral-moderate": (
        "mistral",
        "mistral-moderation-latest",
        lambda client: [one.categories for one in client.moderate(["I kill you"]).results],
        with_mistral(
            lambda sdk: [
                one.categories
                for one in sdk.classifiers.moderate(model="mistral-moderation-latest", inputs=["I kill you"]).results
            ]
        ),
    ),
    "mistral-ocr": (
        "mistral",
        "mistral-ocr-latest",
        lambda client: [
            page.markdown for page in client.ocr(FileContent(url="https://x.example/a.pdf"), pages=[0, 1]).pages
        ],
        with_mistral(
            lambda sdk: [
                page.markdown
                for page in sdk.ocr.process(
                    model="mistral-ocr-latest",
                    document={"type": "document_url", "document_url": "https://x.example/a.pdf"},
                    pages=[0, 1],
                ).pages
            ]
        ),
    ),
    "google-embed": (
        "google_ai",
        "gemini-embedding-001",
        lambda client: client.embed(TEXTS, dimensions=4, input_type="query").vectors,
        with_google(
            lambda sdk: [
                one.values
                for one in sdk.models.embed_content(
                    model="gemini-embedding-001",
                    contents=TEXTS,
                    config={"output_dimensionality": 4, "task_type": "RETRIEVAL_QUERY"},
                ).embeddings
            ]
        ),
    ),
    "google-draw": (
        "google_ai",
        "imagen-4.0-generate-001",
        lambda client: [one.bytes for one in client.generate("A cat", n=2).image_response.images],
        with_google(
            lambda sdk: [
                one.image.image_bytes
                for one in sdk.models.generate_images(
                    model="imagen-4.0-generate-001", prompt="A cat", config={"number_of_images": 2}
                ).generated_images
            ],
            on_vertex=True,
        ),
    ),
}


# What a vendor's own client says by itself, though it goes without saying.
ADDED = ("include_blocks", "role")


def bare(value: Any) -> Any:
    if isinstance(value, list):
        return [bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: bare(one) for name, one in value.items() if one is not None and name not in ADDED}


def provided(requested: ServerExchange) -> Any:
    """What was sent: JSON, or the parts of a form."""
    kind = requested.headers["content-type"]
    if not kind.startswith("multipart/"):
        return bare(requested.json)
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + requested.body)
    return sorted(
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename() or "",
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    )


# Their clients warn of methods that will go; as long as they are there they know the wire.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*deprecated")
@pytest.mark.parametrize("case", CASES)
def test_both_ask_for_the_same_and_read_the_same(case: str, server: FakeServer) -> None:
    provider, model, ours, theirs = CASES[case]
    server.add_replies(SampleOperations(4), SampleOperations(4))
    with AIModelClient(endpoint(server.url, provider, model)) as client:
        mine = ours(client)
    assert mine == theirs(server.url)
    first, second = server.exchanges
    assert first.path.partition("?")[0].split("/")[-1] == second.path.partition("?")[0].split("/")[-1]
    assert provided(first) == provided(second)
