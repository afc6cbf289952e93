"""Rules of the plan: what is sent unchanged, which reasoning is bound to its place, and what caches compare."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai.codecs.base import EncodedRequest
from dhenara.ai.codecs.common.plan import (
    TRANSLATED,
    UNCITED,
    PromptPrefix,
    WarningCollector,
    build_plan,
    drop_foreign_reasoning,
    fingerprint_of,
    is_own_part,
    is_portability_relevant,
    without_cache_marks,
)
from dhenara.ai.types import (
    AIModel,
    AIModelAPI,
    AIModelCallConfig,
    AIModelEndpoint,
    Call,
    CallWarning,
    Citation,
    GenericContent,
    ImageContent,
    Message,
    Origin,
    ReasoningContent,
    TextContent,
)

HERE = Origin(provider="openai", model="m", protocol="chat")
ELSEWHERE = Origin(provider="anthropic", model="c", protocol="messages")


def call(*contents: Any, **fields: Any) -> Call:
    endpoint = AIModelEndpoint(api=AIModelAPI(provider="openai", api_key="sk"), ai_model=AIModel(model_name="m"))
    messages = (Message(role="user", contents=[]), Message(role="assistant", contents=[*contents]))
    return Call(endpoint=endpoint, messages=messages, config=AIModelCallConfig(), **fields)


def text(origin: Origin | None = None, **fields: Any) -> TextContent:
    return TextContent(text="t", origin=origin, **fields)


# Whose part it is


def test_a_part_belongs_to_the_provider_and_protocol_that_made_it() -> None:
    assert is_own_part(text(HERE), call(), "chat")
    assert is_own_part(text(HERE.model_copy(update={"model": "other"})), call(), "chat")
    assert not is_own_part(text(HERE.model_copy(update={"provider": "groq"})), call(), "chat")
    assert not is_own_part(text(HERE), call(), "responses")
    assert not is_own_part(text(ELSEWHERE), call(), "chat")


def test_a_part_without_an_origin_belongs_to_the_protocol_that_it_names() -> None:
    assert is_own_part(GenericContent(kind="k", data={}, protocol="chat"), call(), "chat")
    assert not is_own_part(GenericContent(kind="k", data={}, protocol="messages"), call(), "chat")
    assert not is_own_part(text(), call(), "chat")


# The plan


def test_a_plan_lists_every_part_with_its_place() -> None:
    cited = text(ELSEWHERE, citations=[Citation(url="u")])
    requested = call(text(), text(HERE), text(ELSEWHERE), cited, ReasoningContent(text="r", origin=ELSEWHERE))
    reasoning = requested.messages[1].contents[4]
    encoded = EncodedRequest("/", {}, part_outcomes={id(reasoning): ("omitted", "it is bound")})
    plan = build_plan(requested, encoded, HERE)
    assert [(part.message, part.part, part.kind, part.outcome, part.reason, part.origin) for part in plan.parts] == [
        (1, 0, "text", "verbatim", None, None),
        (1, 1, "text", "verbatim", None, HERE),
        (1, 2, "text", "translated", TRANSLATED, ELSEWHERE),
        (1, 3, "text", "translated", UNCITED, ELSEWHERE),
        (1, 4, "reasoning", "omitted", "it is bound", ELSEWHERE),
    ]
    assert (plan.provider, plan.model, plan.protocol) == ("openai", "m", "chat")


def test_citations_of_other_kinds_of_parts_are_not_lost() -> None:
    (part,) = build_plan(call(GenericContent(kind="k", data={}, origin=ELSEWHERE)), EncodedRequest("/", {}), HERE).parts
    assert (part.outcome, part.reason) == ("translated", TRANSLATED)


def test_warnings_of_the_journal_come_before_those_of_the_request() -> None:
    first, second = CallWarning(code="learned", message="1"), CallWarning(code="learned", message="2")
    requested = call()
    requested.journal.warnings = (first,)
    assert build_plan(requested, EncodedRequest("/", {}, warnings=(second,)), HERE).warnings == [first, second]


def test_a_plan_is_of_interest_when_a_part_is_not_sent_unchanged() -> None:
    encoded = EncodedRequest("/", {})
    assert not is_portability_relevant(call(text(), text(HERE)), encoded, "chat")
    assert is_portability_relevant(call(text(), text(ELSEWHERE)), encoded, "chat")
    assert is_portability_relevant(call(text(HERE)), encoded, "responses")
    assert is_portability_relevant(call(), EncodedRequest("/", {}, part_outcomes={1: ("translated", "r")}), "chat")


# Reasoning that is bound to what came before it


def bound(prefix: str | None, model: str = "m", provider: str = "openai") -> ReasoningContent:
    origin = Origin(provider=provider, model=model, protocol="chat", prefix=prefix)
    return ReasoningContent(text="r", signature="s", origin=origin)


@pytest.mark.parametrize(
    ("part", "dropped"),
    [
        (bound("before"), False),
        (bound("other"), True),
        (bound("other", model="another"), True),
        (bound(None), True),
        (bound(None, model="another"), False),
        (bound("other", provider="groq"), False),
        (ReasoningContent(text="r"), False),
        (text(Origin(provider="openai", model="m", protocol="chat", prefix="other")), False),
    ],
)
def test_reasoning_after_another_conversation_is_dropped(part: Any, dropped: bool) -> None:
    requested = call(part)
    actual = drop_foreign_reasoning(requested.messages[1], "before", requested, "chat")
    assert actual == ([part] if dropped else [])


# Prefixes


def turn(role: str, *blocks: Any) -> dict[str, Any]:
    return {"role": role, "content": [*blocks]}


def prefix_of(*turns: dict[str, Any], system: Any = "s", tools: Any = ()) -> str:
    return PromptPrefix(system, tools).extend([*turns])


BLOCKS = st.lists(st.sampled_from([{"text": "a"}, {"text": "b"}, {"text": "a", "cache_control": {}}]), max_size=3)
TURNS = st.lists(st.builds(lambda role, blocks: turn(role, *blocks), st.sampled_from("ua"), BLOCKS), max_size=5)


@given(TURNS, st.data())
def test_a_prefix_is_the_same_however_it_was_extended(turns: list[dict[str, Any]], data: st.DataObject) -> None:
    whole = prefix_of(*turns)
    prefix = PromptPrefix("s", ())
    at = 0
    while at < len(turns):
        at = data.draw(st.integers(at + 1, len(turns)))
        if turns[at - 1]["content"]:
            cut = data.draw(st.integers(0, len(turns[at - 1]["content"])))
            prefix.extend([*turns[: at - 1], turn(turns[at - 1]["role"], *turns[at - 1]["content"][:cut])])
        actual = prefix.extend(turns[:at])
    assert (actual if turns else prefix.extend([])) == whole


def test_a_prefix_is_the_beginning_of_a_hash_over_everything() -> None:
    turns = [turn("u", {"text": "a"}, {"text": "b"}), turn("a", {"text": "c"})]
    hashed = hashlib.sha256(b'["s",[{"name":"f"}]]')
    for block in (["u", {"text": "a"}], ["u", {"text": "b"}], ["a", {"text": "c"}]):
        hashed.update(json.dumps(block, separators=(",", ":")).encode())
    assert prefix_of(*turns, tools=[{"name": "f"}]) == hashed.hexdigest()[:32]


def test_whatever_changes_the_conversation_changes_the_prefix() -> None:
    actual = [
        prefix_of(),
        prefix_of(system="t"),
        prefix_of(tools=[1]),
        prefix_of(turn("u", {"text": "a"})),
        prefix_of(turn("a", {"text": "a"})),
        prefix_of(turn("u", {"text": "a"}, {"text": "b"})),
        prefix_of(turn("u", {"text": "a"}), turn("u", {"text": "c"})),
    ]
    assert len(set(actual)) == len(actual)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": 1, "cache_control": {}, "prompt_cache_breakpoint": 1}, {"a": 1}),
        ([{"cachePoint": {}}, {"cachePoint": {}, "a": 1}, 1], [{"cachePoint": {}, "a": 1}, 1]),
        ({"a": [{"b": {"cache_control": {}, "c": 1}}]}, {"a": [{"b": {"c": 1}}]}),
        ({"cachePoint": {}}, {"cachePoint": {}}),
        ("cache_control", "cache_control"),
        (None, None),
    ],
)
def test_marks_for_the_cache_are_left_out_at_every_depth(value: Any, expected: Any) -> None:
    assert without_cache_marks(value) == expected


# Fingerprints


def names(**body: Any) -> list[str]:
    return [part.name for part in fingerprint_of(body).parts]


def test_a_fingerprint_is_ordered_by_what_separates_caches() -> None:
    assert names(model="m", messages=[1, 2], tools=[{}, {}], system="s", thinking={}, reasoning_effort="low") == [
        *("model", "thinking", "reasoning_effort", "tools[0]", "tools[1]", "instructions", "turns[0]", "turns[1]"),
    ]
    assert names() == ["model"]


@pytest.mark.parametrize("field", ["system", "systemInstruction", "instructions"])
def test_instructions_of_every_protocol_are_a_part(field: str) -> None:
    assert names(**{field: "s"}) == ["model", "instructions"]


@pytest.mark.parametrize("field", ["messages", "contents", "input"])
def test_turns_of_every_protocol_are_parts(field: str) -> None:
    assert names(**{field: [1]}) == ["model", "turns[0]"]
    assert names(**{field: "text"}) == ["model"]


@pytest.mark.parametrize("field", ["thinking", "reasoning", "reasoning_effort", "output_config"])
def test_settings_of_reasoning_are_parts(field: str) -> None:
    assert names(**{field: None}) == ["model", field]


def test_tools_may_stand_in_a_config_of_their_own() -> None:
    assert names(toolConfig={"tools": [1]}) == ["model", "tools[0]"]
    assert names(toolConfig={}) == names(toolConfig=None) == ["model"]
    assert names(tools=[1], toolConfig={"tools": [1, 2]}) == ["model", "tools[0]"]


def test_digests_are_short_hashes_of_the_json_without_marks() -> None:
    parts = fingerprint_of({"model": "m", "messages": [{"a": 1, "cache_control": {}}]}).parts
    assert [part.digest for part in parts] == [
        hashlib.sha256(b'"m"').hexdigest()[:16],
        hashlib.sha256(b'{"a":1}').hexdigest()[:16],
    ]


# What a codec notes while it writes a request


def noted(note: Callable[[WarningCollector], object]) -> EncodedRequest:
    collector = WarningCollector("openai")
    note(collector)
    return collector.build_request("/path", {})


@pytest.mark.parametrize(
    ("note", "code", "parameter", "says"),
    [
        (lambda c: c.unsupported("seed"), "unsupported_parameter", "seed", "left out"),
        (lambda c: c.unsupported("seed", "use n"), "unsupported_parameter", "seed", "use n"),
        (lambda c: c.unknown("x"), "unknown_parameter", "x", "as it is"),
        (lambda c: c.translated("stop", "as a list"), "translated_parameter", "stop", "as a list"),
        (lambda c: c.clamped("top_k", "to 40"), "clamped_parameter", "top_k", "to 40"),
        (lambda c: c.dropped("audio", "no ears"), "dropped_content", None, "no ears"),
        (lambda c: c.rewritten("a video", "as frames"), "translated_content", None, "as frames"),
        (lambda c: c.left_out(text(), ["cache"], "Anthropic"), "dropped_content", "cache", "only Anthropic takes this"),
        (lambda c: c.left_out(text(), ["a", "b"], "A and B"), "dropped_content", "a, b", "only A and B take this"),
    ],
)
def test_each_change_is_a_warning_with_its_code_and_parameter(
    note: Callable[[WarningCollector], object], code: str, parameter: str | None, says: str
) -> None:
    (warning,) = noted(note).warnings
    assert (warning.code, warning.parameter) == (code, parameter)
    assert "openai" in warning.message
    assert says in warning.message


def test_the_same_warning_is_given_once_and_others_in_their_order() -> None:
    collector = WarningCollector("openai")
    for parameter in ("seed", "n", "seed"):
        collector.unsupported(parameter)
    collector.unsupported("seed", "for another reason")
    assert [one.parameter for one in collector.all()] == ["seed", "n", "seed"]


@pytest.mark.parametrize(
    ("note", "outcome", "warns"),
    [
        (lambda c, part: c.dropped("a picture", "too large", part), "omitted", True),
        (lambda c, part: c.rewritten("a picture", "as text", part), "translated", True),
        (lambda c, part: c.left_out(part, ["cache"], "Anthropic"), "translated", True),
        (lambda c, part: c.omit_silently(part, "it wants none"), "omitted", False),
        (lambda c, part: c.mark_relayed(part, "as a user's"), "translated", False),
        (lambda c, part: c.fetch(part), "translated", False),
        (lambda c, part: c.upload(part, 5), "translated", False),
    ],
)
def test_each_part_gets_its_outcome_also_through_a_stand_in(
    note: Callable[[WarningCollector, ImageContent], object], outcome: str, warns: bool
) -> None:
    given, first, second = (ImageContent(data=b"x", mime_type="image/png") for _ in range(3))
    for written, is_stand_in in ((given, False), (second, True)):
        collector = WarningCollector("openai")
        assert collector.replace_part(given, given) is given
        if is_stand_in:
            assert collector.replace_part(first, given) is first
            assert collector.replace_part(second, first) is second
        note(collector, written)
        request = collector.build_request("/path", {})
        assert {part: one[0] for part, one in request.part_outcomes.items()} == {id(given): outcome}
        assert bool(request.warnings) is warns
        handed_over = [*request.unfetched, *request.oversized]
        assert all(one is given for one in handed_over)


def test_parts_to_download_and_to_upload_are_handed_over() -> None:
    small, large = ImageContent(url="https://x/a.png"), ImageContent(data=b"x", mime_type="image/png")
    request = noted(lambda c: (c.fetch(small), c.upload(large, 12)))
    assert (request.unfetched, request.oversized) == ((small,), (large,))
    assert "12 bytes" in request.part_outcomes[id(large)][1]


def test_several_parts_may_have_one_reason() -> None:
    parts = [text(), text()]
    request = noted(lambda c: c.dropped("notes", "nobody reads them", parts))
    assert request.part_outcomes == {id(one): ("omitted", "nobody reads them") for one in parts}
    assert len(request.warnings) == 1


def test_a_request_has_what_it_is_built_of() -> None:
    body, fields = {"a": 1}, {"stream": True}
    request = WarningCollector("openai").build_request("/stream", body, {"x": "1"}, fields, "/whole")
    assert (request.path, request.body, request.headers) == ("/stream", body, {"x": "1"})
    assert (request.stream_fields, request.whole_path) == (fields, "/whole")
    plain = WarningCollector("openai").build_request("/path", body)
    assert (plain.headers, plain.stream_fields, plain.whole_path, plain.warnings) == ({}, None, None, ())
