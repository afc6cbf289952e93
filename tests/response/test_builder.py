"""Laws of the response builder: deltas and responses can be converted into each other without loss."""

from __future__ import annotations

from hypothesis import given, strategies as st

from dhenara.ai.pipeline.streaming.completed_stream import to_deltas
from dhenara.ai.response.builder import ResponseBuilder, build_response
from dhenara.ai.response.part_builders import read_base64
from dhenara.ai.types import (
    CallWarning,
    ChatResponse,
    ChatResponseChoice,
    Citation,
    GenericContent,
    ImageContent,
    Origin,
    ReasoningContent,
    RefusalContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    Usage,
)
from dhenara.ai.types.chat.delta import (
    CitationDelta,
    Delta,
    FinishDelta,
    MediaDelta,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
)
from dhenara.ai.wire import json
from support.calls import DATA, IDS, OBJECTS, WORDS

ORIGIN = Origin(provider="p", model="m", protocol="x")
EXTRAS = st.dictionaries(st.text("ab", min_size=1), WORDS, max_size=2)
PLACES = st.none() | st.integers(0, 9)
CITED = st.lists(st.builds(Citation, url=WORDS, title=st.none() | WORDS, start=PLACES), max_size=2)
MARKED = {"origin": st.just(ORIGIN), "extras": EXTRAS}
COUNTS = st.integers(0, 10**6)


@st.composite
def tool_calls(draw: st.DrawFn) -> ToolCallContent:
    arguments = draw(OBJECTS)
    text = draw(st.sampled_from([json.dumps(arguments).decode(), None]))
    return ToolCallContent(
        id=draw(IDS), name=draw(WORDS), arguments=arguments, arguments_text=text, origin=ORIGIN, extras=draw(EXTRAS)
    )


PARTS = st.one_of(
    st.builds(TextContent, text=WORDS.filter(bool), citations=CITED, **MARKED),
    st.builds(ReasoningContent, text=WORDS.filter(bool), raw_text=WORDS, signature=st.none() | st.just("s"), **MARKED),
    st.builds(RefusalContent, text=WORDS.filter(bool), **MARKED),
    tool_calls(),
    st.builds(ImageContent, data=DATA, mime_type=st.just("image/png"), **MARKED),
    st.builds(GenericContent, kind=WORDS, data=OBJECTS, **MARKED),
    st.builds(ServerToolContent, name=WORDS, arguments=OBJECTS, data=OBJECTS, **MARKED),
)
CHOICES = st.lists(
    st.builds(
        ChatResponseChoice,
        contents=st.lists(PARTS, max_size=4),
        finish_reason=st.sampled_from(["stop", "length", "tool_calls"]),
        raw_finish_reason=st.none() | WORDS,
        stop_sequence=st.none() | WORDS,
        logprobs=st.none() | st.just([{"token": "a", "logprob": -0.5}]),
    ),
    min_size=1,
    max_size=3,
).map(lambda choices: [choice.model_copy(update={"index": index}) for index, choice in enumerate(choices)])
ANSWERS = st.builds(
    ChatResponse,
    id=WORDS.filter(bool),
    model=WORDS.filter(bool),
    provider=st.just("p"),
    choices=CHOICES,
    usage=st.none() | st.builds(Usage, input_tokens=COUNTS, output_tokens=COUNTS, raw=OBJECTS),
    warnings=st.just([]) | st.just([CallWarning(code="learned", message="m", parameter="p")]),
    extras=EXTRAS,
)


@given(ANSWERS)
def test_a_replayed_response_is_equal(answer: ChatResponse) -> None:
    assert build_response(to_deltas(answer), ORIGIN) == answer


@given(ANSWERS)
def test_an_answer_written_as_json_is_read_back_unchanged(answer: ChatResponse) -> None:
    text = answer.model_dump_json()
    assert ChatResponse.model_validate_json(text) == answer
    assert ChatResponse.model_validate_json(text).model_dump_json() == text


@given(ANSWERS, st.integers(0, 40))
def test_an_answer_broken_off_anywhere_is_interrupted_and_its_text_a_beginning(answer: ChatResponse, at: int) -> None:
    deltas = list(to_deltas(answer))
    partial = build_response(deltas[: min(at, len(deltas) - 1)], ORIGIN)
    assert partial.interrupted
    assert partial.error
    assert answer.text().startswith(partial.text())


def test_the_work_grows_with_the_length_of_the_stream_and_not_faster() -> None:
    """Counts the characters that are moved: pieces are kept as they come and joined once."""
    for size in (1_000, 10_000):
        draft = ResponseBuilder(ORIGIN)
        pieces = [TextDelta(0, "word ") for _ in range(size)]
        for piece in pieces:
            draft.add(piece)
        draft.add(FinishDelta("stop"))
        draft.add(StreamEnd())
        retained = draft._choices[0].part_builders[0]._pieces  # type: ignore[attr-defined]  # the slot of a text
        assert len(retained) == size
        assert all(a is b.text for a, b in zip(retained, pieces, strict=True))
        assert draft.response().text() == "word " * size


def test_arguments_that_are_not_an_object_lose_nothing() -> None:
    for text in ('{"a": ', "[1]", '"x"', "nonsense"):
        (call,) = build_response(
            [ToolCallDelta(0, "id", "name", text), FinishDelta("tool_calls"), StreamEnd()]
        ).tool_calls()
        assert (call.arguments, call.arguments_text) == ({}, text)
        assert call.error


@given(DATA, st.lists(st.integers(1, 30), max_size=5))
def test_media_may_arrive_in_pieces_cut_anywhere(data: bytes, cuts: list[int]) -> None:
    import base64

    encoded, pieces = base64.b64encode(data).decode(), []
    for size in cuts:
        pieces.append(encoded[:size])
        encoded = encoded[size:]
    pieces.append(encoded)
    deltas = [MediaDelta(0, "image", piece, "image/png") for piece in pieces]
    assert build_response([*deltas, StreamEnd()]).images()[0].data == data


def test_pieces_of_media_that_are_padded_one_by_one_are_joined_as_bytes() -> None:
    assert read_base64(["YQ==", "YmM=", "ZGVm"]) == b"abcdef"


@given(st.permutations([TextDelta(0, "Yes."), ReasoningDelta(0, "Hm."), ToolCallDelta(0, "c1", "add", "{}")]))
def test_content_that_does_not_fit_a_part_becomes_another_part(deltas: list[Delta]) -> None:
    answer = build_response([*deltas, CitationDelta(0, Citation(url="u"))])
    assert (answer.text(), answer.reasoning(), len(answer.tool_calls())) == ("Yes.", "Hm.", 1)
    assert ["u"] in [[c.url for c in part.citations] for part in answer.contents if isinstance(part, TextContent)]


def test_bytes_may_come_in_the_alphabet_for_addresses() -> None:
    assert read_base64(["-_-_"]) == read_base64(["+/", "+/"]) == b"\xfb\xff\xbf"
