"""What a model can neither see nor hear is not sent to it: what is known of models decides, before anything goes."""

from __future__ import annotations

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import UnsupportedError
from dhenara.ai.testing import Answer, FakeServer
from dhenara.ai.types import (
    AIModel,
    AudioContent,
    ChatModelSettings,
    ImageContent,
    Message,
    Prompt,
    TextContent,
    ToolCallContent,
    ToolResultContent,
)
from support.worlds import World, endpoint

PICTURE = ImageContent.from_bytes(b"\x89PNG\r\n\x1a\n" + b"." * 20, name="cat.png")
BLIND = [("openai", "gpt-3.5-turbo"), ("deepseek", "deepseek-chat"), ("cohere", "command-a-03-2025")]


@pytest.mark.parametrize(("provider", "model"), BLIND)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_model_without_vision_gets_no_images(
    provider: str, model: str, streaming: bool, world: World, server: FakeServer
) -> None:
    client = AIModelClient(endpoint(server.url, provider, model))
    ask = world.stream if streaming else world.run
    with pytest.raises(
        UnsupportedError, match=rf"{provider} \({model}\): cat\.png cannot be sent: the model does not support images"
    ) as refused:
        ask(client, ["What is this?", PICTURE])
    assert "input_modalities=('text', 'image')" in str(refused.value)
    assert server.exchanges == []
    world.close(client)


def test_a_plan_shows_it_without_sending(server: FakeServer) -> None:
    with (
        AIModelClient(endpoint(server.url, model="gpt-3.5-turbo")) as client,
        pytest.raises(UnsupportedError, match="does not support images"),
    ):
        client.plan(["What is this?", PICTURE])


def test_what_lies_further_back_is_omitted(world: World, server: FakeServer) -> None:
    server.add_replies(Answer(text="Yes."))
    client = AIModelClient(endpoint(server.url, model="gpt-3.5-turbo"))
    provided = Message(role="assistant", contents=[TextContent(text="A cat.")])
    history = [Prompt(contents=["What is this?", PICTURE]), provided, Prompt(text="Do they sleep?")]
    answer = world.run(client, messages=history)
    assert b"image_url" not in server.exchanges[0].body
    assert answer.plan == client.plan(messages=history)
    assert [(part.kind, part.reason) for part in answer.plan.omitted] == [
        ("image", "the model does not support images")
    ]
    assert [warning.code for warning in answer.chat_response.warnings] == ["dropped_content"]
    with pytest.raises(UnsupportedError, match="does not support images"):
        world.run(client, messages=history, strict=True)
    world.close(client)


def test_unsupported_media_of_a_tool_are_not_sent_and_the_run_continues(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hm."))
    made = Message(role="assistant", contents=[ToolCallContent(id="c1", name="shot")])
    result = ToolResultContent(call_id="c1", name="shot", contents=[PICTURE])
    with AIModelClient(endpoint(server.url, model="gpt-3.5-turbo")) as client:
        answer = client.generate(messages=["Look!", made, result])
    assert server.exchanges[0].json["messages"][2]["content"] == "."
    assert answer.chat_response.warnings[0].message.startswith("cat.png was not sent to gpt-3.5-turbo")


def test_audio_is_sent_as_its_transcript_to_a_model_without_audio(server: FakeServer) -> None:
    server.add_replies(Answer(text="Hello."))
    sound = AudioContent(data=b"RIFF....WAVE", mime_type="audio/wav", transcript="Hello!")
    with AIModelClient(endpoint(server.url, model="gpt-5.4")) as client:
        answer = client.generate(["What is said?", sound])
    assert server.exchanges[0].json["messages"][0]["content"][1] == {"type": "text", "text": "Hello!"}
    assert answer.chat_response.warnings[0].code == "translated_content"


def test_where_nothing_is_known_nothing_is_refused(server: FakeServer) -> None:
    server.add_replies(Answer(text="A cat."), Answer(text="A cat."))
    with AIModelClient(endpoint(server.url, model="nobody-knows-1")) as client:
        client.generate(["What is this?", PICTURE])
    with AIModelClient(endpoint(server.url, model="gpt-5.4")) as client:
        client.generate(["What is this?", PICTURE], strict=True)
    assert len(server.exchanges) == 2


@pytest.mark.parametrize(
    ("model", "modalities", "goes"), [("gpt-3.5-turbo", ("text", "image"), True), ("gpt-5.4", ("text",), False)]
)
def test_settings_of_the_user_override_the_catalog(
    model: str, modalities: tuple[str, ...], goes: bool, server: FakeServer
) -> None:
    server.add_replies(Answer(text="A cat."))
    reported = AIModel(model_name=model, settings=ChatModelSettings(input_modalities=modalities))
    where = endpoint(server.url).model_copy(update={"ai_model": reported})
    with AIModelClient(where) as client:
        if goes:
            client.generate(["What is this?", PICTURE])
        else:
            with pytest.raises(UnsupportedError, match="does not support images"):
                client.generate(["What is this?", PICTURE])
    assert len(server.exchanges) == goes


def test_input_modalities_of_the_user_leave_reasoning_facts_unchanged(server: FakeServer) -> None:
    """Sealed thinking is asked for of models that are known to think."""
    server.add_replies(Answer(text="A cat."))
    reported = AIModel(model_name="gpt-5.4", settings=ChatModelSettings(input_modalities=("text", "image")))
    where = endpoint(server.url, protocol="openai_responses").model_copy(update={"ai_model": reported})
    with AIModelClient(where) as client:
        client.generate(["What is this?", PICTURE])
    assert server.exchanges[0].json["include"] == ["reasoning.encrypted_content"]
