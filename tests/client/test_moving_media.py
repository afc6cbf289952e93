"""Pictures, sounds and files that were made or uploaded at one provider, in a conversation that goes on at another."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AudioContent,
    FileContent,
    ImageContent,
    Message,
    Origin,
    Prompt,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from dhenara.ai.types.operations.files import UploadedFile
from support.vendors import VENDORS, Vendor
from support.worlds import World, endpoint

PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
ELSEWHERE = Origin(provider="somewhere_else", model="m", protocol="gemini")
DRAWN = ImageContent.from_bytes(PNG, name="otter.png", origin=ELSEWHERE)
ANSWER = Message(role="assistant", contents=[TextContent(text="Here it is.", origin=ELSEWHERE), DRAWN])
SHOWING = ("openai", "anthropic", "google_ai", "amazon_bedrock", "cohere", "mistral")


def history(answer: Message = ANSWER) -> list[Message]:
    return [Prompt(text="Draw an otter!"), answer, Prompt(text="Give it a hat.")]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_picture_that_another_model_drew_is_shown_to_every_vendor_as_it_takes_it(vendor: Vendor) -> None:
    turns = tuple(history())
    assert vendor.objection(turns) is None
    assert base64.b64encode(PNG).decode() in str(vendor.written(turns)[1])


@pytest.mark.parametrize("streaming", [False, True])
def test_media_of_the_assistant_are_sent_in_a_user_message_with_a_warning(streaming: bool, world: World) -> None:
    for provider in SHOWING:
        with FakeServer(Answer(text="Done."), strict=True) as server:
            client = AIModelClient(endpoint(server.url, provider))
            plan = client.plan(messages=history())
            if streaming:
                answer = world.stream(client, messages=history())[-1][1]
            else:
                answer = world.run(client, messages=history())
            world.close(client)
        body = server.exchanges[0].body
        assert body.index(b"Here it is.") < body.index(b"[from the answer above]") < body.index(b"Give it a hat.")
        assert base64.b64encode(PNG) in body
        assert answer.plan == plan
        reported = next(part for part in plan.parts if part.kind == "image")
        assert (reported.outcome, reported.reason) == ("translated", "it is sent in the next user message")
        assert [warning.code for warning in answer.chat_response.warnings] == ["translated_content"]


def test_strict_does_not_let_it_change_hands(server: FakeServer) -> None:
    with (
        AIModelClient(endpoint(server.url)) as client,
        pytest.raises(UnsupportedError, match="it is sent in the next user message"),
    ):
        client.generate(messages=history(), strict=True)
    assert server.exchanges == []


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_it_stands_behind_the_results_of_the_tools_that_were_called_with_it(vendor: Vendor) -> None:
    made = Message(role="assistant", contents=[DRAWN, ToolCallContent(id="call_1", name="look", origin=ELSEWHERE)])
    result = Message(role="tool", contents=[ToolResultContent(call_id="call_1", name="look", output="a tree")])
    turns = (Prompt(text="Draw!"), made, result)
    assert vendor.objection(turns) is None
    answer = Message(role="assistant", contents=[TextContent(text="Yes.")])
    assert vendor.objection((*turns, answer, Prompt(text="And?"))) is None
    assert base64.b64encode(PNG).decode() in str(vendor.written(turns)[1])


def test_one_that_the_other_provider_refuses_is_omitted_and_the_conversation_goes_on(server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    drawing = ImageContent.from_bytes(b"BM......", name="otter.bmp", origin=ELSEWHERE)
    with AIModelClient(endpoint(server.url, "anthropic")) as client:
        answer = client.generate(messages=history(Message(role="assistant", contents=[drawing])))
    assert answer.plan is not None
    assert answer.plan.omitted[0].reason == "it is image/bmp, and only jpeg, png, gif, webp are supported"


def test_audio_with_a_transcript_is_sent_as_text_and_other_audio_as_audio(server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."), Answer(text="Done."))
    sound = AudioContent(data=b"RIFF....WAVE", mime_type="audio/wav", origin=ELSEWHERE)
    with AIModelClient(endpoint(server.url)) as client:
        client.generate(messages=history(Message(role="assistant", contents=[sound])))
        spoken = sound.model_copy(update={"transcript": "Hello!"})
        client.generate(messages=history(Message(role="assistant", contents=[spoken])))
    first, second = (exchange.json["messages"] for exchange in server.exchanges)
    assert [part["type"] for part in first[1]["content"]] == ["text", "input_audio", "text"]
    assert second[1] == {"role": "assistant", "content": "Hello!"}


def test_gemini_gets_its_own_images_at_their_position(server: FakeServer) -> None:
    server.add_replies(Answer(text="Done."))
    own = DRAWN.model_copy(update={"origin": Origin(provider="google_ai", model="m", protocol="gemini")})
    with AIModelClient(endpoint(server.url, "google_ai")) as client:
        answer = client.generate(messages=history(Message(role="assistant", contents=[own])))
    assert server.exchanges[0].json["contents"][1]["role"] == "model"
    assert answer.plan is None


PAPER = UploadedFile(file_id="file-1", name="paper.pdf", mime_type="application/pdf", provider="openai")


def test_a_file_stays_where_it_was_uploaded(world: World, server: FakeServer) -> None:
    for provider in ("anthropic", "google_ai", "mistral", "amazon_bedrock", "cohere", "ollama"):
        server.add_replies(Answer(text="What paper?"))
        client = AIModelClient(endpoint(server.url, provider))
        question = ["What is this about?", PAPER.to_content()]
        answer = world.run(client, question)
        assert answer.plan == client.plan(question)
        assert [part.reason for part in answer.plan.omitted] == [
            "it was uploaded to openai, and only its id is known. Upload it here as well"
        ]
        assert b"file-1" not in server.exchanges[-1].body
        with pytest.raises(UnsupportedError, match=r"paper\.pdf.*uploaded to openai"):
            world.run(client, question, strict=True)
        world.close(client)


def test_its_bytes_travel_where_they_are_known(server: FakeServer) -> None:
    server.add_replies(Answer(text="Cats."), Answer(text="Cats."))
    paper = PAPER.to_content(b"%PDF-1.7")
    with AIModelClient(endpoint(server.url)) as client:
        assert client.generate(["What is this about?", paper]).plan is None
    with AIModelClient(endpoint(server.url, "anthropic")) as client:
        answer = client.generate(["What is this about?", paper], strict=True)
    at_home, abroad = (exchange.body for exchange in server.exchanges)
    assert b"file-1" in at_home
    assert base64.b64encode(b"%PDF-1.7") not in at_home
    assert b"file-1" not in abroad
    assert base64.b64encode(b"%PDF-1.7") in abroad
    assert answer.plan is not None
    assert answer.plan.translated[0].reason == "its bytes are sent, because its id is valid only at openai"


def test_a_turn_of_which_nothing_is_left_is_still_sent() -> None:
    actual = ToolResultContent(call_id="c1", name="find", contents=[PAPER.to_content()])
    made = Message(role="assistant", contents=[ToolCallContent(id="c1", name="find")])
    with FakeServer(Answer(text="Hm."), strict=True) as strict:
        client = AIModelClient(endpoint(strict.url, "anthropic"))
        client.generate(messages=[PAPER.to_content(), made, actual])
        client.close()
    assert [turn["role"] for turn in strict.exchanges[0].json["messages"]] == ["user", "assistant", "user"]


def test_a_file_id_without_a_provider_is_sent_as_it_is(server: FakeServer) -> None:
    server.add_replies(Answer(text="A letter."))
    with AIModelClient(endpoint(server.url, "anthropic")) as client:
        answer = client.generate(["What is this?", FileContent.from_file_id("file-1")])
    assert b'"file-1"' in server.exchanges[0].body
    assert answer.plan is None


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_turn_is_sent_the_same_way_every_time(vendor: Vendor) -> None:
    """Prompt caches and bound thinking rest on it: a picture does not move when the conversation goes on."""
    made = Message(role="assistant", contents=[DRAWN, ToolCallContent(id="call_1", name="look", origin=ELSEWHERE)])
    result = Message(role="tool", contents=[ToolResultContent(call_id="call_1", name="look", output="a tree")])
    more = (Message(role="assistant", contents=[TextContent(text="Yes.")]), Prompt(text="And?"))
    for turns in (tuple(history()), (Prompt(text="Draw!"), made, result)):
        earlier, later = (provided_in(vendor.written(given)[1]) for given in (turns, (*turns, *more)))
        assert later[: len(earlier)] == earlier


def provided_in(body: dict[str, Any]) -> list[Any]:
    return next(body[name] for name in ("messages", "contents", "input") if name in body)
