"""The operations other than chat against a real llama.cpp server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import openai
import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ServerError
from support.llama_server import CannotServe, llama_server
from support.worlds import World, endpoint

TEXTS = ["The cat sat on the mat.", "A cat is on a mat.", "Interest rates rose again in March."]


@pytest.fixture(scope="module")
def embedder() -> Iterator[str]:
    """A server that makes vectors."""
    try:
        with llama_server(does="embeds") as address:
            yield address
    except CannotServe as problem:
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def ranker() -> Iterator[str]:
    """A server that ranks, without any sense in it: this model was not made for that."""
    try:
        with llama_server(does="ranks") as address:
            yield address
    except CannotServe as problem:
        pytest.skip(str(problem))


def test_a_real_model_embeds_in_batches_as_it_does_at_once(world: World, embedder: str) -> None:
    client = AIModelClient(endpoint(embedder, "llama_cpp"))
    whole = world.ask(client, "embed", TEXTS)
    cut = world.ask(client, "embed", TEXTS, batch_size=1)
    assert whole.dimensions > 100
    assert whole.usage.input_tokens == cut.usage.input_tokens > 10
    similar = whole.numpy() @ cut.numpy().T
    assert similar.diagonal() == pytest.approx([1, 1, 1], abs=1e-3)
    assert similar[0, 1] > similar[0, 2]
    world.close(client)


def test_openais_own_client_reads_the_same_vectors(embedder: str) -> None:
    with AIModelClient(endpoint(embedder, "llama_cpp")) as client:
        ours = client.embed(TEXTS[0]).vectors
    with openai.OpenAI(api_key="x", base_url=f"{embedder}/v1") as sdk:
        theirs = sdk.embeddings.create(model="m", input=TEXTS[:1]).data[0].embedding
    assert ours[0] == pytest.approx(theirs, abs=1e-6)


@pytest.fixture(scope="module")
def scores(ranker: str) -> dict[int, float]:
    """What the server itself says of each text."""
    requested = {"model": "m", "query": "Where is the cat?", "documents": TEXTS}
    reported = httpx2.post(f"{ranker}/v1/rerank", json=requested, timeout=120)
    return {one["index"]: one["relevance_score"] for one in reported.json()["results"]}


def test_a_real_server_reranks_in_order_of_its_scores(world: World, ranker: str, scores: dict[int, float]) -> None:
    client = AIModelClient(endpoint(ranker, "llama_cpp"))
    ranked = world.ask(client, "rerank", "Where is the cat?", TEXTS)
    best = sorted(scores, key=lambda index: -scores[index])
    assert [one.index for one in ranked.results] == best
    assert [one.document for one in ranked.results] == [TEXTS[index] for index in best]
    assert [one.score for one in ranked.results] == pytest.approx([scores[index] for index in best], abs=1e-3)
    assert ranked.usage.input_tokens > 10
    world.close(client)


def test_a_real_server_gives_the_best_alone(ranker: str, scores: dict[int, float]) -> None:
    with AIModelClient(endpoint(ranker, "llama_cpp")) as client:
        (best,) = client.rerank("Where is the cat?", TEXTS, top_n=1).results
    assert best.index == max(scores, key=lambda index: scores[index])


def test_a_server_that_does_not_rank_says_so(embedder: str) -> None:
    with AIModelClient(endpoint(embedder, "llama_cpp")) as client, pytest.raises(ServerError, match="reranking"):
        client.rerank("cat", TEXTS, retries=0)


def test_a_real_model_counts_what_it_then_reads(world: World, llama: str) -> None:
    client = AIModelClient(endpoint(llama, "llama_cpp"))
    counted = world.ask(client, "count_tokens", "How many tokens are these?", instructions="Be brief.")
    answer = world.run(client, "How many tokens are these?", instructions="Be brief.", max_output_tokens=2)
    assert counted.input_tokens == answer.chat_response.usage.prompt_tokens
    guessed = world.ask(client, "count_tokens", "How many tokens are these?", estimate=True)
    assert guessed.estimated
    world.close(client)
