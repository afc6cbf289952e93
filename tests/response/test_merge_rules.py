"""The merge rules of the response builder: which of several values counts, what is joined, and what is replaced."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest

from dhenara.ai.codecs.common.response_fields import usage_deltas
from dhenara.ai.pipeline.streaming.completed_stream import result_deltas
from dhenara.ai.response.builder import UNFINISHED, ResponseBuilder, build_response
from dhenara.ai.response.part_builders import UNFINISHED as UNFINISHED_ARGUMENTS, read_arguments, read_base64
from dhenara.ai.types import (
    AudioContent,
    CallWarning,
    ChatResponse,
    ChatResponseChoice,
    Citation,
    Cost,
    EmbeddingResponse,
    FileContent,
    GenericContent,
    ImageContent,
    Origin,
    ReasoningContent,
    RefusalContent,
    ServerToolContent,
    TextContent,
    ToolCallContent,
    Usage,
    VideoContent,
)
from dhenara.ai.types.chat.delta import (
    CitationDelta,
    ContentDelta,
    Delta,
    ErrorDelta,
    FileDelta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    ReasoningDelta,
    RefusalDelta,
    ResponseStart,
    ResultDelta,
    ServerToolDelta,
    StreamEnd,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WarningDelta,
)

ORIGIN = Origin(provider="p", model="m", protocol="x")


def built(*deltas: Delta, **fields: Any) -> ResponseBuilder:
    builder = ResponseBuilder(ORIGIN, **fields)
    for delta in deltas:
        builder.add(delta)
    return builder


def response(*deltas: Delta) -> ChatResponse:
    return built(*deltas).response()


def only_part(*deltas: Delta) -> Any:
    (part,) = response(*deltas).choices[0].contents
    return part


def parts(*deltas: Delta) -> list[Any]:
    return [*response(*deltas).choices[0].contents]


# The response


def test_the_first_id_and_the_last_model_count() -> None:
    answer = response(
        ResponseStart(None, "a"), ResponseStart("1", None), ResponseStart("2", "b"), ResponseStart("", "")
    )
    assert (answer.id, answer.model, answer.provider) == ("1", "b", "p")
    assert (response(ResponseStart("", "")).id, response(ResponseStart()).model) == (None, None)


def test_extras_are_merged_and_later_ones_count() -> None:
    answer = response(
        ResponseStart(extras={"a": 1, "b": 1}), ResponseStart(extras={"b": 2}), ResponseStart(extras=None)
    )
    assert answer.extras == {"a": 1, "b": 2}


def test_the_last_usage_counts() -> None:
    answer = response(UsageDelta(Usage(input_tokens=1, output_tokens=5)), UsageDelta(Usage(input_tokens=2)))
    assert answer.usage == Usage(input_tokens=2)


def test_a_warning_about_token_counts_ends_with_the_report_that_it_is_about() -> None:
    early, late = Usage(unclear=("input_tokens",)), Usage(input_tokens=2)
    other = CallWarning(code="learned", message="m")
    before = (*usage_deltas(early), WarningDelta(other))
    assert [one.parameter for one in response(*before).warnings] == ["usage", None]
    assert response(*before, UsageDelta(late)).warnings == [other]
    assert len(response(*before, UsageDelta(late), *usage_deltas(early)).warnings) == 2


def test_a_stored_result_keeps_the_warning_about_its_token_counts() -> None:
    warning = CallWarning(code="provider_warning", message="m", parameter="usage")
    stored = EmbeddingResponse(vectors=[], usage=Usage(unclear=("input_tokens",)), warnings=[warning])
    builder = built(*result_deltas(stored))
    again = builder.result()
    assert again is not None
    assert (builder.response().warnings, again.warnings) == ([warning], [warning])


def test_each_warning_is_given_once() -> None:
    one, other = CallWarning(code="learned", message="m"), CallWarning(code="learned", message="n")
    assert response(WarningDelta(one), WarningDelta(other), WarningDelta(one)).warnings == [one, other]


def test_a_response_without_an_origin_has_no_provider() -> None:
    answer = build_response([ResponseStart("1", "m"), TextDelta(0, "a")])
    assert (answer.provider, answer.choices[0].contents[0].origin) == (None, None)


def test_a_response_is_complete_with_its_end_and_without_an_error() -> None:
    builder = built(TextDelta(0, "a"))
    assert (builder.complete, builder.has_started) == (False, True)
    assert (builder.response().interrupted, builder.response().error) == (True, UNFINISHED)
    builder.add(StreamEnd())
    assert builder.complete
    assert (builder.response().interrupted, builder.response().error) == (False, None)
    builder.fail(ValueError("broken"))
    assert not builder.complete
    assert (builder.response().interrupted, builder.response().error) == (True, "broken")


def test_the_first_error_counts() -> None:
    first, second = ValueError("first"), ValueError("second")
    builder = built(ErrorDelta(first), ErrorDelta(second), StreamEnd())
    builder.fail(second)
    assert builder.error is first
    assert builder.response().error == "first"
    assert built().error is None


def test_nothing_has_started_before_the_first_content() -> None:
    assert not built(ResponseStart("1", "m"), UsageDelta(Usage()), FileDelta(b"x"), StreamEnd()).has_started
    assert built(FinishDelta("stop")).has_started
    assert built(LogprobsDelta([])).has_started


def test_the_bytes_of_a_file_are_not_stored() -> None:
    assert response(FileDelta(b"x"), StreamEnd()) == response(StreamEnd())


def test_texts_of_the_first_choice_are_collected_for_a_reader() -> None:
    texts: list[str] = []
    built(TextDelta(0, "a"), TextDelta(0, "b", choice=1), ReasoningDelta(1, "c"), TextDelta(2, "d"), texts=texts)
    assert texts == ["a", "d"]
    assert built(TextDelta(0, "a")).texts is None


# Choices


def test_choices_are_in_the_order_of_their_indices() -> None:
    answer = response(TextDelta(0, "c", choice=2), TextDelta(0, "a", choice=0), TextDelta(0, "b", choice=1))
    assert [(choice.index, choice.contents[0].get_text()) for choice in answer.choices] == [
        (0, "a"),
        (1, "b"),
        (2, "c"),
    ]


def test_the_end_of_a_choice_says_why_it_ended() -> None:
    answer = response(
        FinishDelta("length", "MAX_TOKENS", "###", "too long", choice=1),
        TextDelta(0, "a"),
        FinishDelta("stop", choice=1),
    )
    first, second = answer.choices
    assert (first.finish_reason, first.raw_finish_reason, first.stop_sequence, first.finish_message) == (None,) * 4
    assert (second.finish_reason, second.raw_finish_reason) == ("stop", None)
    (choice,) = response(FinishDelta("length", "MAX_TOKENS", "###", "too long")).choices
    assert (choice.finish_reason, choice.raw_finish_reason) == ("length", "MAX_TOKENS")
    assert (choice.stop_sequence, choice.finish_message) == ("###", "too long")


def test_log_probabilities_are_appended() -> None:
    first, second = response(
        LogprobsDelta([{"token": "a"}]), LogprobsDelta([{"token": "b"}]), TextDelta(0, "", 1)
    ).choices
    assert first.logprobs == [{"token": "a"}, {"token": "b"}]
    assert second.logprobs is None
    assert response(LogprobsDelta([])).choices[0].logprobs == []


def test_a_choice_is_shaped_when_it_or_the_response_is_over() -> None:
    def shape(choice: ChatResponseChoice) -> ChatResponseChoice:
        return choice.model_copy(update={"finish_message": "shaped"})

    def shaped(*deltas: Delta) -> list[str | None]:
        return [choice.finish_message for choice in built(*deltas, shape=shape).response().choices]

    texts = (TextDelta(0, "a"), TextDelta(0, "b", choice=1))
    assert shaped(*texts) == [None, None]
    assert shaped(*texts, FinishDelta("stop", choice=1)) == [None, "shaped"]
    assert shaped(*texts, StreamEnd()) == ["shaped", "shaped"]


# Price


def test_the_cost_is_computed_for_a_response_with_usage() -> None:
    cost = Cost(amount=Decimal(2), source="s")
    assert built(UsageDelta(Usage(input_tokens=1)), price=lambda _: cost).response().cost == cost
    assert built(TextDelta(0, "a"), price=lambda _: cost).response().cost.amount is None


# Results of other operations


def test_a_result_gets_the_facts_of_its_response() -> None:
    result = EmbeddingResponse(vectors=[], extras={"a": 1, "b": 1})
    cost = Cost(amount=Decimal(2), source="s")
    usage, warning = Usage(input_tokens=3), CallWarning(code="learned", message="m")
    builder = built(
        ResponseStart("1", "m", {"b": 2}),
        UsageDelta(usage),
        WarningDelta(warning),
        ResultDelta(result),
        price=lambda _: cost,
    )
    actual = builder.result(model="given")
    assert isinstance(actual, EmbeddingResponse)
    assert (actual.id, actual.model, actual.provider, actual.usage, actual.warnings) == (
        "1",
        "given",
        "p",
        usage,
        [warning],
    )
    assert (actual.extras, actual.cost) == ({"a": 1, "b": 2}, cost)
    assert builder.response().choices == []


def test_a_result_without_usage_has_no_cost_and_a_chat_has_no_result() -> None:
    result = EmbeddingResponse(vectors=[])
    actual = built(ResultDelta(result), price=lambda _: Cost(amount=Decimal(2))).result()
    assert actual is not None
    assert (actual.cost.amount, actual.cost.reason) == (None, "the provider reported no usage")
    assert (actual.usage.known, actual.model) == (False, None)
    assert built(TextDelta(0, "a")).result() is None


def test_content_before_a_result_is_no_part_of_it() -> None:
    result = EmbeddingResponse(vectors=[])
    assert response(TextDelta(0, "a"), ResultDelta(result), StreamEnd()).choices == []


# Parts


def test_parts_are_in_the_order_in_which_they_began() -> None:
    actual = parts(TextDelta(5, "a"), ReasoningDelta("r", "b"), TextDelta(5, "c"), RefusalDelta(0, "d"))
    assert [(type(part), part.get_text()) for part in actual] == [
        (TextContent, "ac"),
        (ReasoningContent, "b"),
        (RefusalContent, "d"),
    ]


def test_deltas_that_do_not_fit_their_part_are_parts_of_their_own() -> None:
    actual = parts(ReasoningDelta(0, "a"), TextDelta(0, "b"), ReasoningDelta(0, "c"), TextDelta(0, "d"))
    assert [(type(part), part.get_text()) for part in actual] == [(ReasoningContent, "ac"), (TextContent, "bd")]


@pytest.mark.parametrize(
    "deltas",
    [
        [TextDelta(0, "")],
        [ReasoningDelta(0)],
        [RefusalDelta(0, "")],
        [TextDelta(0, ""), TextDelta(0, "", extras={})],
    ],
)
def test_an_empty_part_is_left_out(deltas: list[Delta]) -> None:
    assert parts(*deltas) == []


def test_a_part_with_only_extras_or_citations_is_preserved() -> None:
    assert only_part(TextDelta(0, "", extras={"a": 1})) == TextContent(text="", origin=ORIGIN, extras={"a": 1})
    citation = Citation(url="u")
    assert only_part(CitationDelta(0, citation)) == TextContent(text="", origin=ORIGIN, citations=[citation])
    for delta in (
        ReasoningDelta(0, raw_text="r"),
        ReasoningDelta(0, signature="s"),
        ReasoningDelta(0, redacted=True),
        ReasoningDelta(0, extras={"a": 1}),
    ):
        assert isinstance(only_part(delta), ReasoningContent)


def test_text_citations_and_extras_are_joined() -> None:
    one, other = Citation(url="1"), Citation(url="2")
    deltas = (
        TextDelta(0, "a", extras={"x": 1, "y": 1}),
        CitationDelta(0, one),
        TextDelta(0, "b", extras={"y": 2}),
        CitationDelta(0, other),
    )
    expected = TextContent(text="ab", citations=[one, other], origin=ORIGIN, extras={"x": 1, "y": 2})
    assert only_part(*deltas) == expected


def test_a_text_can_be_read_while_it_arrives() -> None:
    builder = built(TextDelta(0, "a"))
    assert builder.response().text() == "a"
    builder.add(TextDelta(0, "b"))
    builder.add(TextDelta(0, "c"))
    assert builder.response().text() == builder.response().text() == "abc"


def test_of_reasoning_texts_are_joined_and_the_last_signature_counts() -> None:
    deltas = (
        ReasoningDelta(0, "a", "x", "first", extras={"x": 1, "y": 1}),
        ReasoningDelta(0, "b", "y", "second", redacted=True, extras={"y": 2}),
        ReasoningDelta(0, "c", "z", ""),
    )
    assert only_part(*deltas) == ReasoningContent(
        text="abc", raw_text="xyz", signature="second", redacted=True, origin=ORIGIN, extras={"x": 1, "y": 2}
    )
    assert not only_part(ReasoningDelta(0, "a")).redacted


def test_refusals_are_joined() -> None:
    actual = only_part(RefusalDelta(0, "a", extras={"x": 1, "y": 1}), RefusalDelta(0, "b", extras={"y": 2}))
    assert actual == RefusalContent(text="ab", origin=ORIGIN, extras={"x": 1, "y": 2})


def test_a_part_that_arrives_whole_replaces_the_one_before() -> None:
    first, second = GenericContent(kind="a", data={"n": 1}), GenericContent(kind="b", data={"n": 2})
    assert only_part(ContentDelta(0, first), ContentDelta(0, second)) == second.model_copy(update={"origin": ORIGIN})


# Tool calls


def test_the_first_id_and_name_of_a_call_count_and_its_arguments_are_joined() -> None:
    actual = only_part(
        ToolCallDelta(0, "", "", '{"a"', extras={"x": 1, "y": 1}),
        ToolCallDelta(0, "c1", "add", ": 1"),
        ToolCallDelta(0, "c2", "sub", "}", extras={"y": 2}),
    )
    assert actual == ToolCallContent(
        id="c1", name="add", arguments={"a": 1}, arguments_text='{"a": 1}', origin=ORIGIN, extras={"x": 1, "y": 2}
    )


def test_arguments_that_the_protocol_sent_as_an_object_have_no_text() -> None:
    assert only_part(ToolCallDelta(0, "c", "f", '{"a": 1}', verbatim=False)).arguments_text is None
    actual = only_part(ToolCallDelta(0, "c", "f", '{"a":', verbatim=False), ToolCallDelta(0, arguments="1}"))
    assert (actual.arguments, actual.arguments_text) == ({"a": 1}, None)
    wrong = only_part(ToolCallDelta(0, "c", "f", "[1]", verbatim=False))
    assert (wrong.arguments, wrong.arguments_text) == ({}, "[1]")
    assert wrong.error == "the arguments are JSON, but not an object"


def test_arguments_can_be_read_while_they_arrive() -> None:
    builder, errors, arguments = built(), list[Any](), list[Any]()
    for piece in ("", '{"a"', ": [1", ", 2]", "", "}", " ", "x"):
        builder.add(ToolCallDelta(0, "c", "f", piece))
        for _ in range(2):
            (call,) = builder.response().tool_calls()
        errors.append(call.error)
        arguments.append(call.arguments)
    assert arguments == [{}, {}, {}, {}, {}, {"a": [1, 2]}, {"a": [1, 2]}, {}]
    assert errors[:7] == [None, *[UNFINISHED_ARGUMENTS] * 4, None, None]
    assert errors[7].startswith("the arguments are not JSON")


@pytest.mark.parametrize(
    ("text", "arguments", "error"),
    [
        ("", {}, None),
        (" \n", {}, None),
        ("null", {}, None),
        ('{"a": null}', {"a": None}, None),
        ("[]", {}, "the arguments are JSON, but not an object"),
        ("0", {}, "the arguments are JSON, but not an object"),
    ],
)
def test_arguments_are_an_object_or_nothing(text: str, arguments: dict[str, Any], error: str | None) -> None:
    assert read_arguments(text) == (arguments, error)


def test_arguments_that_are_no_json_are_named_so() -> None:
    arguments, error = read_arguments("{a}")
    assert arguments == {}
    assert error is not None
    assert error.startswith("the arguments are not JSON: ")


def test_of_a_tool_that_the_provider_runs_data_and_extras_are_merged() -> None:
    actual = only_part(
        ServerToolDelta(0, None, None, '{"q"', {"a": 1, "b": 1}, extras={"x": 1, "y": 1}),
        ServerToolDelta(0, "s1", "search", ": 1}", {"b": 2}, extras={"y": 2}),
        ServerToolDelta(0, "s2", "other", "", None),
    )
    assert actual == ServerToolContent(
        id="s1", name="search", arguments={"q": 1}, data={"a": 1, "b": 2}, origin=ORIGIN, extras={"x": 1, "y": 2}
    )


def test_arguments_of_such_a_tool_that_cannot_be_read_are_an_extra() -> None:
    actual = only_part(ServerToolDelta(0, "s1", "search", "[1]", extras={"x": 1}))
    assert actual.extras == {"x": 1, "arguments_error": "the arguments are JSON, but not an object"}
    assert only_part(ServerToolDelta(0)).id is None


# Media


@pytest.mark.parametrize(
    ("kind", "content"),
    [("image", ImageContent), ("audio", AudioContent), ("video", VideoContent), ("file", FileContent)],
)
def test_the_kind_says_which_media_it_is(kind: Any, content: type) -> None:
    actual = only_part(MediaDelta(0, kind, base64.b64encode(b"abc").decode(), "a/b", extras={"x": 1, "y": 1}))
    assert type(actual) is content
    assert (actual.data, actual.mime_type, actual.origin, actual.extras) == (b"abc", "a/b", ORIGIN, {"x": 1, "y": 1})


def test_of_media_the_last_kind_and_facts_count_and_extras_are_merged() -> None:
    actual = only_part(
        MediaDelta(0, "file", "YWJj", "x/y", extras={"x": 1, "y": 1}),
        MediaDelta(0, "image", "ZGVm", "image/png", extras={"y": 2}),
        MediaDelta(0, "image"),
    )
    assert type(actual) is ImageContent
    assert (actual.data, actual.mime_type, actual.extras) == (b"abcdef", "image/png", {"x": 1, "y": 2})


def test_media_may_be_an_address_or_a_file_of_the_provider() -> None:
    assert only_part(MediaDelta(0, "image", url="https://x/y.png")).url == "https://x/y.png"
    actual = only_part(MediaDelta(0, "file", file_id="f1"))
    assert (actual.file_id, actual.data) == ("f1", None)


def test_transcripts_are_joined() -> None:
    actual = only_part(MediaDelta(0, "audio", "YWJj", transcript="a"), MediaDelta(0, "audio", transcript="b"))
    assert actual.transcript == "ab"
    assert only_part(MediaDelta(0, "audio", "YWJj")).transcript is None


@pytest.mark.parametrize(
    ("pieces", "data"),
    [
        (["YWJj"], b"abc"),
        (["YW", "Jj"], b"abc"),
        (["YWJ", "jZA"], b"abc"),
        (["YWJjZA=="], b"abcd"),
        (["YWJjZA=", "="], b"abcd"),
        (["YQ==", "YmM="], b"abc"),
        (["-_", "-_"], b"\xfb\xff\xbf"),
        (["--", "--"], b"\xfb\xef\xbe"),
        (["____"], b"\xff\xff\xff"),
        (["YQ==", "Y"], b""),
        (["", ""], b""),
    ],
)
def test_base64_is_read_wherever_it_is_cut(pieces: list[str], data: bytes) -> None:
    assert read_base64(pieces) == data
