"""Pictures through the client: drawn, changed, streamed, saved, priced."""

from __future__ import annotations

import base64
import json
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import (
    BrokenStreamError,
    ConfigurationError,
    ContentFilteredError,
    NotFoundError,
    UnsupportedError,
)
from dhenara.ai.testing import Answer, FakeServer, Raw, RawStream, Refusal, SampleOperations, ServerExchange
from dhenara.ai.testing.sample_operations import png
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    GeneratedImage,
    ImageContent,
    ImageModelCostData,
    Prompt,
)
from dhenara.ai.types.genai.foundation_models.google.image import Gemini3ProImage
from dhenara.ai.types.genai.foundation_models.openai.image import DallE3
from support.worlds import World, endpoint

SOON = {"retry-after-ms": "5"}
CAT = ImageContent(data=png(8, 6), mime_type="image/png")


def form_of(requested: ServerExchange) -> dict[str, list[bytes]]:
    """The parts of a form by name, as the standard library reads them."""
    head = f"Content-Type: {requested.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + requested.body)
    actual: dict[str, list[bytes]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        actual.setdefault(str(name), []).append(part.get_payload(decode=True))
    return actual


def events(*reported: dict[str, Any]) -> RawStream:
    return RawStream([f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in reported])


def test_an_image_model_answers_generate_with_an_image_response(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": f"{server.url}/v1"})
    options = {"quality": "standard", "size": "1024x1024", "style": "natural", "n": 1, "response_format": "b64_json"}
    client = AIModelClient(AIModelEndpoint(api=api, ai_model=DallE3), AIModelCallConfig(options=options))
    answer = world.run(client, "A sea otter")
    assert answer.chat_response is None
    [picture] = answer.image_response.images
    assert (picture.size, picture.mime_type, picture.revised_prompt) == ((1024, 1024), "image/png", "A sea otter")
    assert answer.full_response is answer.image_response
    assert server.exchanges[0].path == "/v1/images/generations"
    assert server.exchanges[0].json == {"model": "dall-e-3", "prompt": "A sea otter", **options}
    world.close(client)


def test_the_name_of_a_model_that_only_draws_is_enough(server: FakeServer) -> None:
    server.add_replies(SampleOperations(), Answer(text="Hello!"))
    with AIModelClient(endpoint(server.url, model="gpt-image-2")) as client:
        assert client.generate("A cat", n=2).image_response.usage.units == {"images": 2}
    with AIModelClient(endpoint(server.url, model="gpt-6-sol")) as client:
        assert client.generate("A cat").chat_response.text() == "Hello!"


def test_a_picture_can_be_saved_and_be_a_part_of_the_next_prompt(server: FakeServer, tmp_path: Path) -> None:
    server.add_replies(SampleOperations(), SampleOperations())
    with AIModelClient(endpoint(server.url, model="gpt-image-2")) as client:
        [first] = client.generate("A cat").image_response.images
        words = {"type": "text", "text": "Now with a hat"}
        edited = client.generate(Prompt(content=[words, first]))
    assert edited.image_response.images
    assert form_of(server.exchanges[1])["image"] == [first.bytes]
    saved = first.save(tmp_path / "cat")
    assert saved == tmp_path / "cat.png"
    assert saved.read_bytes() == first.bytes
    assert GeneratedImage.model_validate_json(first.model_dump_json()) == first


def test_pictures_are_changed_where_the_mask_allows(world: World, server: FakeServer) -> None:
    server.add_replies(Refusal(503, "later", headers=SOON), SampleOperations())
    client = AIModelClient(endpoint(server.url, model="gpt-image-2"))
    mask = ImageContent(data=png(8, 6), mime_type="image/png", name="mask.png")
    answer = world.ask(client, "edit_image", "A hat", [CAT, CAT], mask=mask, options={"quality": "low"})
    assert answer.image_response.images
    assert [attempt.outcome for attempt in answer.attempts] == ["failed", "answered"]
    form = form_of(server.exchanges[1])
    assert form["prompt"] == [b"A hat"]
    assert form["quality"] == [b"low"]
    assert form["mask"] == [mask.data]
    assert form["image[]"] == [CAT.data, CAT.data]
    assert server.exchanges[1].path == "/v1/images/edits"
    world.close(client)


def test_variations_need_only_a_picture(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    client = AIModelClient(endpoint(server.url, model="dall-e-2"))
    assert world.ask(client, "vary_image", CAT, n=2).image_response.images
    form = form_of(server.exchanges[0])
    assert (sorted(form), form["n"]) == (["image", "model", "n"], [b"2"])
    assert server.exchanges[0].path == "/v1/images/variations"
    world.close(client)


def test_a_picture_becomes_clearer_in_a_stream(world: World, server: FakeServer) -> None:
    sent = base64.b64encode(png()).decode()
    partial = {"type": "image_generation.partial_image", "b64_json": sent, "output_format": "png"}
    used = {"input_tokens": 9, "output_tokens": 100, "input_tokens_details": {"text_tokens": 9, "image_tokens": 0}}
    done = {"type": "image_generation.completed", "b64_json": sent, "usage": used, "size": "64x64"}
    server.add_replies(events({**partial, "partial_image_index": 0}, {**partial, "partial_image_index": 1}, done))
    client = AIModelClient(endpoint(server.url, model="gpt-image-2"))
    *shown, (last, final) = world.stream(client, "A cat", options={"partial_images": 2})
    deltas = [chunk.data.choice_deltas[0].content_deltas[0] for chunk, _ in shown]
    assert [delta.data_delta for delta in deltas if delta.type == "other"] == [sent, sent]
    assert last is None
    assert [picture.bytes for picture in final.image_response.images] == [png()]
    assert (final.image_response.usage.output_image_tokens, final.image_response.usage.input_tokens) == (100, 9)
    assert server.exchanges[0].json["stream"] is True
    world.close(client)


def test_a_stream_that_ends_without_its_picture_is_an_error(server: FakeServer) -> None:
    server.add_replies(events({"type": "image_generation.partial_image", "b64_json": "AAAA", "partial_image_index": 0}))
    with AIModelClient(endpoint(server.url, model="gpt-image-2")) as client:
        *_, (error, _), (_, final) = client.generate("A cat", streaming=True).stream_generator
    assert "ended before" in error.data.message
    assert final.image_response.images == [] or final.image_response.extras["error"]
    server.add_replies(RawStream([b'data: {"type": "image_generation.keepalive"}\n\n']))
    with (
        AIModelClient(endpoint(server.url, model="gpt-image-2")) as client,
        pytest.raises(BrokenStreamError, match="ended before"),
    ):
        client.generate("A cat", streaming=True, retries=0)


def test_an_address_says_how_to_come_by_the_picture(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with AIModelClient(endpoint(server.url, model="dall-e-3")) as client:
        [picture] = client.generate("A cat", options={"response_format": "url"}).image_response.images
    assert picture.url == "https://pictures.example/1.png"
    assert picture.size is None
    with pytest.raises(ConfigurationError, match=r"https://pictures.example/1.png"):
        picture.save("cat.png")


def test_what_is_left_at_an_address_is_fetched_without_the_key(world: World, server: FakeServer) -> None:
    moved = Raw(status=302, headers={"location": "/2.png"})
    server.add_replies(moved, Raw(png(), headers={"content-type": "image/png"}), Refusal(404, "gone"))
    client = AIModelClient(endpoint(server.url, "xai", "grok-imagine-image"))
    left = GeneratedImage(url=f"{server.url}/1.png", revised_prompt="A cat")
    fetched = world.ask(client, "download", left)
    assert (fetched.bytes, fetched.mime_type, fetched.revised_prompt) == (png(), "image/png", "A cat")
    assert [(requested.method, requested.path) for requested in server.exchanges] == [
        ("GET", "/1.png"),
        ("GET", "/2.png"),
    ]
    assert not any("authorization" in requested.headers for requested in server.exchanges)
    assert world.ask(client, "download", fetched) is fetched
    with pytest.raises(NotFoundError):
        world.ask(client, "download", left)
    for nothing in (GeneratedImage(), GeneratedImage(url="file:///etc/passwd")):
        with pytest.raises(ConfigurationError):
            world.ask(client, "download", nothing)
    world.close(client)


def test_gemini_draws_and_talks(world: World, server: FakeServer) -> None:
    parts = [{"text": "Here:"}, {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png()).decode()}}]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}
    server.add_replies(Raw(json.dumps({"candidates": [candidate]}).encode()))
    made = endpoint(server.url, "google_ai", "gemini-3.1-flash-image")
    model = made.ai_model.model_copy(update={"functional_type": "image_generation"})
    client = AIModelClient(made.model_copy(update={"ai_model": AIModel(**model.model_dump())}))
    answer = world.ask(client, "edit_image", "A hat", CAT, options={"generationConfig": {"imageConfig": {"a": 1}}})
    assert answer.image_response.text == "Here:"
    assert answer.image_response.images[0].size == (64, 64)
    requested = server.exchanges[0].json
    assert requested["generationConfig"]["responseModalities"] == ["TEXT", "IMAGE"]
    assert requested["generationConfig"]["imageConfig"] == {"a": 1}
    assert [list(part) for part in requested["contents"][0]["parts"]] == [["text"], ["inlineData"]]
    with pytest.raises(UnsupportedError, match="does not support masks"):
        world.ask(client, "edit_image", "A hat", CAT, mask=CAT)
    world.close(client)


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"aspect_ratio": "16:9", "image_size": "2K"}, {"aspectRatio": "16:9", "imageSize": "2K"}),
        ({"aspectRatio": "16:9"}, {"aspectRatio": "16:9"}),
        (
            {"image_size": "2K", "generationConfig": {"imageConfig": {"imageSize": "4K"}}},
            {"imageSize": "4K"},
        ),
    ],
)
def test_shape_and_size_of_gemini_images_have_their_place(
    server: FakeServer, options: dict[str, Any], sent: dict[str, Any]
) -> None:
    server.add_replies(Answer(text="A cat"))
    api = AIModelAPI(provider="google_ai", api_key="k", config={"base_url": server.url})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=Gemini3ProImage)) as client:
        client.generate("A cat", options=options)
    requested = server.exchanges[0].json
    assert requested["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": sent}
    assert not requested.keys() & options.keys() - {"generationConfig"}


def test_imagen_draws_from_words(server: FakeServer) -> None:
    filtered = {"predictions": [{"raiFilteredReason": "no faces"}]}
    server.add_replies(SampleOperations(), Raw(json.dumps(filtered).encode()))
    with AIModelClient(endpoint(server.url, "google_ai", "imagen-4.0-generate-001")) as client:
        assert len(client.generate("A cat", n=2, options={"aspectRatio": "1:1"}).image_response.images) == 2
        with pytest.raises(ContentFilteredError, match="no faces"):
            client.generate("A face")
        with pytest.raises(UnsupportedError, match="accepts only text"):
            client.edit_image("A hat", CAT)
    assert server.exchanges[0].path == "/v1beta/models/imagen-4.0-generate-001:predict"
    assert server.exchanges[0].json["parameters"] == {"sampleCount": 2, "aspectRatio": "1:1"}


def test_imagen_takes_the_names_of_googles_sdk(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    options = {"aspect_ratio": "16:9", "number_of_images": 1, "add_watermark": False, "other": 1}
    with AIModelClient(endpoint(server.url, "google_ai", "imagen-4.0-generate-001")) as client:
        client.generate("A cat", options=options)
    sent = {"aspectRatio": "16:9", "sampleCount": 1, "addWatermark": False, "other": 1}
    assert server.exchanges[0].json["parameters"] == sent


def test_openrouter_draws_in_a_conversation(server: FakeServer) -> None:
    link = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(png()).decode()}"}}
    message = {"role": "assistant", "content": "Here:", "images": [link]}
    provided = {"id": "1", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    server.add_replies(Raw(json.dumps(provided).encode()))
    made = endpoint(server.url, "openrouter")
    model = AIModel(model_name="google/gemini-3.1-flash-image", functional_type="image_generation")
    with AIModelClient(made.model_copy(update={"ai_model": model})) as client:
        answer = client.generate("A cat").image_response
    assert (answer.text, answer.images[0].bytes) == ("Here:", png())
    assert server.exchanges[0].json["modalities"] == ["image", "text"]


@pytest.mark.parametrize(
    ("provider", "model", "path", "provided"),
    [
        ("xai", "grok-imagine-image", "/v1/images/edits", {"image": {"type": "image_url"}}),
        ("together", "flux-kontext", "/v1/images/generations", {"image_url": "data:image/png;base64,"}),
    ],
)
def test_pictures_travel_as_addresses_where_hosts_want_them_so(
    provider: str, model: str, path: str, provided: dict[str, Any], server: FakeServer
) -> None:
    server.add_replies(SampleOperations())
    with AIModelClient(endpoint(server.url, provider, model)) as client:
        client.edit_image("A hat", CAT)
        with pytest.raises(UnsupportedError, match="no variations"):
            client.vary_image(CAT)
    requested = server.exchanges[0]
    assert requested.path == path
    for name, value in provided.items():
        sent = requested.json[name]
        assert sent.startswith(value) if isinstance(value, str) else sent.items() >= value.items()


def test_unsupported_options_of_image_models_are_reported(server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    with AIModelClient(endpoint(server.url, model="gpt-image-2")) as client:
        answer = client.generate("A cat", temperature=0.5, seed=3).image_response
        assert {warning.parameter for warning in answer.warnings} == {"temperature", "seed"}
        with pytest.raises(UnsupportedError, match="temperature"):
            client.generate("A cat", temperature=0.5, strict=True)
        with pytest.raises(ConfigurationError, match="does not support streaming"):
            client.edit_image("A hat", CAT, streaming=True)
    assert len(server.exchanges) == 1


def test_pictures_cost_what_their_options_cost(server: FakeServer) -> None:
    server.add_replies(*[SampleOperations()] * 4)
    rows = (
        {"quality": ["standard"], "size": ["1024x1024"], "cost_per_image": 0.04},
        {"quality": ["standard"], "size": ["1792x1024", "1024x1792"], "cost_per_image": 0.08},
    )
    by_options = DallE3.model_copy(update={"cost_data": ImageModelCostData(image_options_cost_data=rows)})
    api = AIModelAPI(provider="openai", api_key="k", config={"base_url": f"{server.url}/v1"})
    with AIModelClient(AIModelEndpoint(api=api, ai_model=by_options)) as client:
        costs = [
            client.generate("A cat", options=options).image_response.cost
            for options in ({}, {"size": "1024x1792"}, {"quality": "hd"})
        ]
    assert [cost.amount and str(cost.amount) for cost in costs] == ["0.04", "0.08", None]
    assert "quality=hd" in costs[2].reason
    flat = AIModel(model_name="gpt-image-2", cost_data=ImageModelCostData(flat_cost_per_image="0.05"))
    with AIModelClient(AIModelEndpoint(api=api, ai_model=flat)) as client:
        assert str(client.generate("A cat", n=2).image_response.cost.amount) == "0.10"


def test_a_stream_of_a_picture_that_comes_whole_ends_with_it(world: World, server: FakeServer) -> None:
    server.add_replies(SampleOperations())
    client = AIModelClient(endpoint(server.url, model="dall-e-3"))
    *_, (chunk, final) = world.stream(client, "A cat", options={"response_format": "b64_json"})
    assert chunk is None
    assert len(final.image_response.images) == 1
    assert [warning.parameter for warning in final.image_response.warnings] == ["streaming"]
    assert "stream" not in server.exchanges[0].json
    for name, what in (("dall-e-3", "edits"), ("gpt-image-2", "variations")):
        other = AIModelClient(endpoint(server.url, model=name))
        with pytest.raises(UnsupportedError, match=f"no {what}"):
            _ = world.ask(other, "edit_image", "a", CAT) if what == "edits" else world.ask(other, "vary_image", CAT)
        world.close(other)
    world.close(client)


def test_an_image_that_is_blocked_for_its_content_is_no_bad_request() -> None:
    error = {
        "message": "Your request was rejected.",
        "type": "image_generation_user_error",
        "code": "moderation_blocked",
    }
    with FakeServer(Raw(json.dumps({"error": error}).encode(), 400)) as server:
        client = AIModelClient("openai/gpt-image-2", api_key="k", base_url=f"{server.url}/v1")
        with pytest.raises(ContentFilteredError, match="rejected"):
            client.generate("x")
