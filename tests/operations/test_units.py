"""What answers tell of units beside tokens, and what they cost by prices of the user, for each operation."""

from __future__ import annotations

import base64
import json
import struct
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.codecs.operations.media import exact_seconds
from dhenara.ai.testing import FakeServer, Raw, RawStream, SampleOperations
from dhenara.ai.testing.sample_operations import png, wav_tone
from dhenara.ai.types import (
    AIModel,
    AIModelEndpoint,
    AudioContent,
    AudioModelCostData,
    ChatModelCostData,
    FileContent,
    ImageContent,
    ImageModelCostData,
    Usage,
    WebSearch,
)
from support.worlds import World, endpoint

SOUND = wav_tone(2.5)
CHARACTERS = AudioModelCostData(cost_per_million_characters=Decimal(15))
MINUTES = AudioModelCostData(cost_per_minute=Decimal("0.006"))
IMAGES = ImageModelCostData(
    image_options_cost_data=(
        {"quality": ["standard"], "size": ["1024x1024"], "cost_per_image": "0.04"},
        {"quality": ["hd"], "size": ["1024x1024"], "cost_per_image": "0.08"},
    )
)


def priced(server: FakeServer, provider: str, model: str, prices: Any = None) -> AIModelClient:
    at = endpoint(server.url, provider, model)
    return AIModelClient(at if prices is None else at.model_copy(update={"cost_data": prices}))


def reply(body: dict[str, Any]) -> Raw:
    return Raw(json.dumps(body).encode())


# Speech


@pytest.mark.parametrize(("provider", "model"), [("openai", "tts-1"), ("deepgram", "aura-2-thalia-en"), ("xai", "tts")])
def test_characters_of_speech_are_counted(provider: str, model: str, world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    client = priced(server, provider, model, CHARACTERS)
    spoken = world.ask(client, "speak", "Héllo there.")
    world.close(client)
    assert (spoken.usage.units, spoken.usage.counted) == ({"characters": 12}, ("characters",))
    assert spoken.cost.components == {"characters": Decimal("0.00018")}


def test_streamed_speech_has_its_characters_at_the_end(server: FakeServer) -> None:
    server.add_replies(RawStream([SOUND[:1000], SOUND[1000:]], headers={"content-type": "audio/wav"}))
    with priced(server, "openai", "tts-1", CHARACTERS) as client:
        stream = client.speak_stream("Hello")
        assert b"".join(stream) == SOUND
        assert (stream.response.usage.units, stream.response.cost.amount) == ({"characters": 5}, Decimal("0.000075"))


def test_tokens_that_speech_reports_come_with_the_characters(server: FakeServer) -> None:
    body = {"audio_data": base64.b64encode(SOUND).decode(), "usage": {"input_tokens": 9, "output_tokens": 80}}
    server.add_replies(reply(body))
    with priced(server, "mistral", "voxtral-mini-tts-latest") as client:
        usage = client.speak("Hello", voice="x").usage
    assert (usage.input_tokens, usage.output_audio_tokens, usage.units) == (9, 80, {"characters": 5})


# Transcription


def test_reported_seconds_count_before_the_length_of_the_audio(server: FakeServer) -> None:
    server.add_replies(reply({"text": "Hi", "duration": 2.5, "usage": {"type": "duration", "seconds": 3}}))
    with priced(server, "openai", "whisper-1", MINUTES) as client:
        transcript = client.transcribe(SOUND)
    assert (transcript.usage.units, transcript.usage.counted, transcript.duration) == ({"seconds": 3}, (), 2.5)
    assert transcript.cost.amount == Decimal("0.0003")


@pytest.mark.parametrize(
    ("provider", "body"),
    [("openai", Raw(b"Hi", headers={"content-type": "text/plain"})), ("cohere", reply({"text": "Hi"}))],
)
def test_seconds_that_no_answer_reports_are_those_of_the_file(
    provider: str, body: Raw, world: World, server: FakeServer
) -> None:
    server.add_replies(body)
    client = priced(server, provider, "whisper-1", MINUTES)
    transcript = world.ask(client, "transcribe", SOUND, language="en")
    world.close(client)
    assert (transcript.usage.units, transcript.usage.counted) == ({"seconds": 2.5}, ("seconds",))
    assert transcript.cost.amount == Decimal("0.00025")


def test_a_transcript_without_any_count_has_an_unknown_cost_not_zero(server: FakeServer) -> None:
    server.add_replies(reply({"text": "Hi"}), Raw(b"Hi", headers={"content-type": "text/plain"}))
    mp3 = AudioContent(data=b"ID3\x04" + bytes(100), mime_type="audio/mpeg")
    with priced(server, "groq", "whisper-large-v3") as client:
        for _ in range(2):
            transcript = client.transcribe(mp3)
            assert (transcript.usage.known, transcript.cost.amount) == (False, None)


def test_short_audio_says_how_much_is_billed_at_least(server: FakeServer) -> None:
    server.add_replies(reply({"text": "Hi"}), reply({"text": "Hi", "duration": 2.5}))
    with priced(server, "groq", "whisper-large-v3") as client:
        for _ in range(2):
            usage = client.transcribe(SOUND).usage
            assert (usage.units, usage.options) == ({"seconds": 2.5}, {"least_seconds": 10})


def test_a_streamed_transcript_has_tokens_and_seconds(server: FakeServer) -> None:
    done = {"type": "transcript.text.done", "text": "Hi", "usage": {"input_tokens": 7, "output_tokens": 2}}
    server.add_replies(RawStream([f"data: {json.dumps(done)}\n\n".encode()]))
    with priced(server, "openai", "gpt-4o-transcribe") as client:
        stream = client.transcribe_stream(SOUND)
        list(stream)
        usage = stream.response.usage
    assert (usage.input_tokens, usage.output_tokens, usage.units) == (7, 2, {"seconds": 2.5})


def test_each_channel_that_deepgram_transcribes_is_counted(server: FakeServer) -> None:
    channel = {"alternatives": [{"transcript": "Hi", "words": []}]}
    body = {"metadata": {"duration": 2.5, "request_id": "r"}, "results": {"channels": [channel, channel]}}
    server.add_replies(reply(body))
    with priced(server, "deepgram", "nova-3", MINUTES) as client:
        assert client.transcribe(SOUND, options={"multichannel": True}).usage.units == {"seconds": 5}


def test_the_length_of_audio_is_known_only_where_the_container_tells_it() -> None:
    flac = b"fLaC" + bytes(14) + (44_100 << 44 | 1 << 41 | 15 << 36 | 88_200).to_bytes(8, "big") + bytes(40)
    assert exact_seconds(SOUND) == 2.5
    assert exact_seconds(SOUND[:-8000]) == pytest.approx(2.5 - 8000 / (len(SOUND) - 44) * 2.5)
    assert exact_seconds(flac) == 2
    assert exact_seconds(flac[:20]) is None
    assert exact_seconds(b"ID3\x04" + bytes(100)) is None
    assert exact_seconds(b"") is None


def ogg(granule: int, flags: int, first: bytes = b"OpusHead\x01\x01" + struct.pack("<H", 312)) -> bytes:
    return b"OggS\x00\x02" + bytes(21) + first + b"OggS\x00" + bytes([flags]) + struct.pack("<Q", granule) + bytes(13)


def test_an_ogg_file_that_was_cut_off_has_no_known_length() -> None:
    assert exact_seconds(ogg(48_312, 4)) == 1
    assert exact_seconds(ogg(48_312, 0)) is None
    vorbis = b"\x01vorbis" + bytes(4) + b"\x02" + struct.pack("<I", 22_050)
    assert exact_seconds(ogg(44_100, 4, vorbis)) == 2
    assert exact_seconds(ogg(0, 4)) is None


# Images


def drawn(count: int = 1, **facts: Any) -> Raw:
    return reply({"data": [{"b64_json": base64.b64encode(png()).decode()}] * count, **facts})


@pytest.mark.parametrize(
    ("options", "amount"),
    [({}, "0.04"), ({"quality": "hd"}, "0.08"), ({"size": "1024x1792"}, None)],
)
def test_images_cost_by_their_options_and_by_the_documented_defaults(
    options: dict[str, Any], amount: str | None, world: World, server: FakeServer
) -> None:
    server.add_replies(drawn())
    client = priced(server, "openai", "dall-e-3", IMAGES)
    answer = world.run(client, "A cat", options=options).image_response
    world.close(client)
    assert (answer.usage.units, answer.usage.counted) == ({"images": 1}, ("images",))
    assert answer.usage.options == {"size": "1024x1024", "quality": "standard", **options}
    assert answer.cost.amount == (None if amount is None else Decimal(amount))


def test_the_answer_says_what_auto_became(server: FakeServer) -> None:
    server.add_replies(drawn(2, size="1024x1024", quality="high", usage={"input_tokens": 5, "output_tokens": 90}))
    with priced(server, "openai", "gpt-image-2") as client:
        usage = client.generate("A cat", n=2, options={"quality": "auto"}).image_response.usage
    assert usage.options == {"quality": "high", "size": "1024x1024"}
    assert (usage.units, usage.output_image_tokens) == ({"images": 2}, 90)


def test_edits_and_variations_count_their_images(world: World, server: FakeServer) -> None:
    server.add_replies(drawn(2), drawn(3))
    client = priced(server, "openai", "dall-e-2", ImageModelCostData(flat_cost_per_image=Decimal("0.02")))
    cat = ImageContent(data=png(8, 6), mime_type="image/png")
    edited = world.ask(client, "edit_image", "A hat", [cat], n=2).image_response
    varied = world.ask(client, "vary_image", cat, n=3).image_response
    world.close(client)
    assert (edited.usage.units, edited.cost.amount) == ({"images": 2}, Decimal("0.04"))
    assert (varied.usage.units, varied.cost.amount) == ({"images": 3}, Decimal("0.06"))


def test_an_image_of_a_chat_model_is_counted_with_its_tokens(server: FakeServer) -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png()).decode()}}
    counts = {"promptTokenCount": 5, "candidatesTokenCount": 1290, "totalTokenCount": 1295}
    details = [{"modality": "IMAGE", "tokenCount": 1290}]
    server.add_replies(
        reply({
            "candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}],
            "usageMetadata": {**counts, "candidatesTokensDetails": details},
        })
    )  # fmt: skip
    model = AIModel(model_name="gemini-3.1-flash-image", functional_type="image_generation")
    at = AIModelEndpoint(api=endpoint(server.url, "google_ai").api, ai_model=model)
    with AIModelClient(at) as client:
        usage = client.generate("A cat").image_response.usage
    assert (usage.output_image_tokens, usage.units, usage.counted) == (1290, {"images": 1}, ("images",))


def test_images_of_imagen_that_were_filtered_are_not_counted(server: FakeServer) -> None:
    image = {"bytesBase64Encoded": base64.b64encode(png()).decode(), "mimeType": "image/png"}
    server.add_replies(reply({"predictions": [image, {"raiFilteredReason": "no"}]}))
    at = endpoint(server.url, "google_vertex_ai", "imagen-4.0-generate-001")
    where = {**at.api.config, "project_id": "p", "location": "us-central1"}
    at = AIModelEndpoint(api=at.api.model_copy(update={"config": where}), ai_model=at.ai_model)
    with AIModelClient(at) as client:
        usage = client.generate("A cat", n=2, options={"sampleImageSize": "2K"}).image_response.usage
    assert (usage.units, usage.options) == ({"images": 1}, {"sampleImageSize": "2K"})


# OCR, reranking, embeddings


def test_pages_are_those_that_the_provider_reports_else_those_of_the_answer(server: FakeServer) -> None:
    page = {"index": 0, "markdown": "a"}
    server.add_replies(
        reply({"pages": [page], "usage_info": {"pages_processed": 3}}),
        reply({"pages": [page, page], "document_annotation": "{}"}),
    )
    document = FileContent(data=b"%PDF-1.4", mime_type="application/pdf")
    with priced(server, "mistral", "mistral-ocr-latest") as client:
        reported, counted = client.ocr(document).usage, client.ocr(document).usage
    assert (reported.units, reported.counted) == ({"pages": 3}, ())
    assert (counted.units, counted.counted) == ({"annotated_pages": 2}, ("annotated_pages",))


def test_searches_of_a_reranker_are_what_the_provider_bills(server: FakeServer) -> None:
    results = [{"index": 0, "relevance_score": 0.5}]
    server.add_replies(reply({"results": results, "meta": {"billed_units": {"search_units": 2}}}))
    with priced(server, "cohere", "rerank-v3.5") as client:
        usage = client.rerank("q", ["a"]).usage
    assert (usage.units, usage.counted) == ({"searches": 2}, ())


def test_pixels_are_no_tokens_where_they_have_a_price_of_their_own(server: FakeServer) -> None:
    usage = {"text_tokens": 3, "image_pixels": 48, "total_tokens": 5}
    server.add_replies(reply({"data": [{"embedding": [0.5], "index": 0}], "usage": usage}))
    with priced(server, "voyage", "voyage-multimodal-3") as client:
        actual = client.embed([ImageContent(data=png(8, 6), mime_type="image/png")]).usage
    assert (actual.input_tokens, actual.units) == (3, {"pixels": 48})


def test_batches_of_embeddings_add_up_their_units(server: FakeServer) -> None:
    entry = {"embeddings": {"values": [0.5], "statistics": {"token_count": 4}}}
    body = reply({"predictions": [entry], "metadata": {"billableCharacterCount": 12}})
    server.add_replies(body, body)
    at = endpoint(server.url, "google_vertex_ai", "gemini-embedding-001")
    where = {**at.api.config, "project_id": "p", "location": "us-central1"}
    with AIModelClient(AIModelEndpoint(api=at.api.model_copy(update={"config": where}), ai_model=at.ai_model)) as one:
        usage = one.embed(["Hello, world!", "Hello, world!"], batch_size=1).usage
    assert (usage.input_tokens, usage.units) == (8, {"characters": 24})


# Tools that the provider runs


def test_a_search_model_of_openai_searches_once_for_each_request(server: FakeServer) -> None:
    message = {"index": 0, "message": {"role": "assistant", "content": "Yes"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    server.add_replies(reply({"object": "chat.completion", "choices": [message], "usage": usage}))
    with priced(server, "openai", "gpt-4o-search-preview") as client:
        actual = client.generate("News?", tools=[WebSearch(context_size="high")]).chat_response.usage
    assert (actual.units, actual.counted) == ({"web_searches": 1}, ("web_searches",))
    assert (actual.options, actual.input_tokens) == ({"search_context_size": "high"}, 5)


def grounded(model: str) -> Raw:
    candidate = {
        "content": {"parts": [{"text": "Yes"}]},
        "finishReason": "STOP",
        "groundingMetadata": {"webSearchQueries": ["a", "b", ""]},
    }
    return reply({"candidates": [candidate], "modelVersion": model, "usageMetadata": {"promptTokenCount": 5}})


@pytest.mark.parametrize(("model", "searches"), [("gemini-2.5-flash", 1), ("gemini-3-flash-preview", 2)])
def test_grounding_is_billed_by_the_answer_or_by_the_search(model: str, searches: int, server: FakeServer) -> None:
    server.add_replies(grounded(model))
    with priced(server, "google_ai", model) as client:
        usage = client.generate("News?", tools=[WebSearch()]).chat_response.usage
    assert (usage.units, usage.counted) == ({"web_searches": searches}, ())


def test_a_container_of_a_code_interpreter_counts_once(world: World, server: FakeServer) -> None:
    def ran(number: int, container: str) -> dict[str, Any]:
        return {"type": "code_interpreter_call", "id": f"ci{number}", "container_id": container, "status": "completed"}

    message = {"type": "message", "id": "m", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]}
    server.add_replies(
        reply({
            "object": "response",
            "status": "completed",
            "output": [ran(1, "a"), ran(2, "a"), ran(3, "b"), message],
            "tools": [{"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}}],
            "usage": {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7},
        })
    )  # fmt: skip
    client = priced(server, "openai", "gpt-5-pro")
    usage = world.run(client, "2+2?").chat_response.usage
    world.close(client)
    assert (usage.units, usage.counted) == ({"code_sessions": 2}, ("code_sessions",))
    assert usage.options == {"memory_limit": "4g"}


def test_own_prices_of_tokens_charge_no_units(server: FakeServer) -> None:
    server.add_replies(grounded("gemini-3-flash-preview"))
    own = ChatModelCostData(input_token_cost_per_million=Decimal(1), output_token_cost_per_million=Decimal(1))
    with priced(server, "google_ai", "gemini-3-flash-preview", own) as client:
        assert client.generate("News?").chat_response.cost.amount == Decimal("0.000005")


def test_a_usage_shows_its_units() -> None:
    usage = Usage(units={"seconds": 2.5}, counted=("seconds",))
    assert "2.5" in usage._repr_markdown_()
    assert Usage.model_validate_json(usage.model_dump_json()) == usage


# Public prices


def listed(host: str, model: str, unit: str, **options: str) -> Decimal:
    """The rate of a unit in the table of a host."""
    table = json.loads((files("dhenara.ai.catalog") / f"tables/prices/{host}.json").read_text())
    (row,) = [
        one
        for one in table["models"][model]["prices"]
        if not {"tier", "until"} & set(one) and all(value in one["options"][name] for name, value in options.items())
    ]
    rate = Decimal(row["rates"][unit])
    return rate / 1_000_000 if unit == "characters" else rate


def test_each_operation_is_priced_by_its_unit_without_further_settings(world: World, server: FakeServer) -> None:
    results = [{"index": 0, "relevance_score": 0.5}]
    usage = {"pages_processed": 3}
    server.add_replies(
        SampleOperations(),
        SampleOperations(),
        Raw(b"Hi", headers={"content-type": "text/plain"}),
        drawn(2),
        reply({"pages": [{"index": 0, "markdown": "a"}], "usage_info": usage}),
        reply({"results": results, "meta": {"billed_units": {"search_units": 2}}}),
    )

    def cost(provider: str, model: str, name: str, *given: Any, **more: Any) -> Decimal | None:
        client = priced(server, provider, model)
        answer = world.ask(client, name, *given, **more)
        world.close(client)
        amount: Decimal | None = getattr(answer, "image_response", answer).cost.amount
        return amount

    assert cost("openai", "tts-1", "speak", "Hello") == 5 * listed("openai", "tts-1", "characters")
    voice = cost("deepgram", "aura-2-thalia-en", "speak", "Hello")
    assert voice == 5 * listed("deepgram", "aura-2", "characters")
    spoken = cost("openai", "whisper-1", "transcribe", SOUND)
    assert spoken == Decimal("2.5") * listed("openai", "whisper-1", "seconds")
    images = cost("openai", "dall-e-3", "generate", "A cat", options={"quality": "hd"})
    assert images == 2 * listed("openai", "dall-e-3", "images", quality="hd", size="1024x1024")
    document = FileContent(data=b"%PDF-1.4", mime_type="application/pdf")
    assert cost("mistral", "mistral-ocr-2505", "ocr", document) == 3 * listed("mistral", "mistral-ocr-2505", "pages")
    assert cost("cohere", "rerank-v3.5", "rerank", "q", ["a"]) == 2 * listed("cohere", "rerank-v3.5", "searches")


def test_searches_in_an_answer_are_charged_once(server: FakeServer) -> None:
    server.add_replies(grounded("gemini-3-flash-preview"))
    with priced(server, "google_ai", "gemini-3-flash-preview") as client:
        cost = client.generate("News?", tools=[WebSearch()]).chat_response.cost
    assert cost.components["web_searches"] == 2 * listed("google_ai", "gemini-3-flash-preview", "web_searches")
    assert set(cost.components) == {"input", "web_searches"}


def test_opening_a_page_is_no_search(server: FakeServer) -> None:
    opened = {"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "open_page"}}
    usage = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}
    server.add_replies(reply({"object": "response", "status": "completed", "output": [opened], "usage": usage}))
    with priced(server, "openai", "gpt-5-pro") as client:
        cost = client.generate("News?").chat_response.cost
    assert set(cost.components) == {"input", "output"}
