"""The interview without a terminal: who is asked what, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ai_utilities.providers.facts import facts_of
from ai_utilities.setup.questions import run_interview
from ai_utilities.setup.steps import (
    Choose,
    Confirm,
    Detect,
    Hide,
    ListModels,
    Notice,
    ProviderEntry,
    Server,
    SetupPlan,
    Step,
    Try,
    Write,
)


class Script:
    """Gives these answers in order, each to the step that is expected next; what is only printed needs none."""

    def __init__(self, *expected: tuple[Any, Any], variables: Mapping[str, str] | None = None) -> None:
        self._expected: Iterator[tuple[Any, Any]] = iter(expected)
        self._steps = run_interview(variables or {})
        self.requested: list[Step] = []
        self.reported: list[str] = []

    def begin(self) -> None:
        """Answers what is scripted, and stops at the first step that is not."""
        self.requested.append(next(self._steps))
        for _, answer in self._expected:
            self.requested.append(self._steps.send(answer))

    def run(self) -> SetupPlan:
        answer: Any = None
        try:
            while True:
                step = self._steps.send(answer)
                self.requested.append(step)
                if isinstance(step, Notice):
                    self.reported.append(step.text)
                    answer = None
                    continue
                kind, answer = next(self._expected)
                assert isinstance(step, kind), f"{step} instead of {kind}"
        except StopIteration as done:
            assert next(self._expected, None) is None
            plan: SetupPlan = done.value
            return plan


NOT_ANOTHER = (Confirm, False)
WORKS = (Try, None)


def test_one_provider_with_a_new_key() -> None:
    script = Script(
        (Detect, []),
        (Choose, "anthropic"),
        (Hide, "sk-new"),
        (ListModels, ["claude-haiku-5-5", "claude-opus-5"]),
        (Choose, "claude-opus-5"),
        WORKS,
        NOT_ANOTHER,
        (Choose, "dotenv"),
    )
    plan = script.run()
    assert plan.values == {
        "AI_PROVIDER": "anthropic",
        "ANTHROPIC_MODEL": "claude-opus-5",
        "ANTHROPIC_API_KEY": "sk-new",
    }
    assert "sk-new" not in repr(plan)
    assert "sk-new" not in repr(script.requested)


def test_a_key_that_is_set_is_used_and_not_copied() -> None:
    plan = Script(
        (Detect, []),
        (Choose, "openai"),
        (Confirm, True),
        (ListModels, []),
        (Choose, "gpt-5.4-mini"),
        WORKS,
        NOT_ANOTHER,
        variables={"OPENAI_API_KEY": "sk-there"},
    ).run()
    assert plan.values == {"AI_PROVIDER": "openai", "OPENAI_MODEL": "gpt-5.4-mini"}


def test_several_providers_are_tried_in_their_order() -> None:
    plan = Script(
        (Detect, [Server("lm_studio", "http://127.0.0.1:1234/v1")]),
        (Choose, "lm_studio"),
        (Write, "http://127.0.0.1:9999/v1"),
        (Hide, ""),
        (ListModels, ["qwen"]),
        (Choose, "qwen"),
        WORKS,
        (Confirm, True),
        (Choose, "groq"),
        (Hide, "gsk"),
        (ListModels, "no connection"),
        (Choose, "openai/gpt-oss-20b"),
        WORKS,
        NOT_ANOTHER,
        (Choose, "dotenv"),
    ).run()
    assert plan.values == {
        "AI_PROVIDER": "auto",
        "AI_AUTO_SELECT_ORDER": "lm_studio,groq",
        "LM_STUDIO_BASE_URL": "http://127.0.0.1:9999/v1",
        "LM_STUDIO_MODEL": "qwen",
        "GROQ_MODEL": "openai/gpt-oss-20b",
        "GROQ_API_KEY": "gsk",
    }


def test_what_runs_here_and_what_has_a_key_is_offered_first() -> None:
    script = Script((Detect, [Server("vllm", "http://127.0.0.1:8000/v1")]), variables={"XAI_API_KEY": "x"})
    script.begin()
    offered = script.requested[-1]
    assert isinstance(offered, Choose)
    assert [(option.value, option.note) for option in offered.options[:2]] == [
        ("xai", "XAI_API_KEY is set"),
        ("vllm", "runs at http://127.0.0.1:8000/v1"),
    ]


@pytest.mark.parametrize(("what", "providers"), [("keep", ["mistral"]), ("again", ["mistral"])])
def test_a_provider_that_does_not_answer_may_be_chosen_or_changed(what: str, providers: list[str]) -> None:
    again = [(Hide, "sk-right"), (ListModels, []), (Choose, "mistral-small-latest"), WORKS] if what == "again" else []
    script = Script(
        (Detect, []),
        (Choose, "mistral"),
        (Hide, "sk-wrong"),
        (ListModels, []),
        (Choose, "mistral-small-latest"),
        (Try, "the key is not accepted"),
        (Choose, what),
        *again,
        NOT_ANOTHER,
        (Choose, "shown"),
    )
    plan = script.run()
    assert [entry.provider for entry in plan.entries] == providers
    assert "the key is not accepted" in script.reported[0]
    assert plan.keys == {"MISTRAL_API_KEY": "sk-right" if what == "again" else "sk-wrong"}
    assert "MISTRAL_API_KEY" not in plan.values


def test_a_provider_that_is_left_out_makes_room_for_another() -> None:
    plan = Script(
        (Detect, []),
        (Choose, "xai"),
        (Hide, "sk-wrong"),
        (ListModels, ["grok-5"]),
        (Choose, "grok-5"),
        (Try, "no"),
        (Choose, "leave"),
        (Choose, "local"),
        (ListModels, []),
        (Choose, "smollm2-135m"),
        WORKS,
        NOT_ANOTHER,
    ).run()
    assert plan.values == {"AI_PROVIDER": "local", "LOCAL_MODEL": "smollm2-135m"}


def test_the_keyring_is_named_and_the_key_is_not() -> None:
    plan = Script(
        (Detect, []),
        (Choose, "openai"),
        (Hide, "sk-new"),
        (ListModels, []),
        (Choose, "gpt-5.4-mini"),
        WORKS,
        NOT_ANOTHER,
        (Choose, "keyring"),
    ).run()
    assert plan.values == {"AI_PROVIDER": "openai", "OPENAI_MODEL": "gpt-5.4-mini", "AI_KEYRING": "OPENAI_API_KEY"}
    assert plan.keys == {"OPENAI_API_KEY": "sk-new"}


def test_where_the_list_cannot_be_had_the_catalogue_offers_models() -> None:
    script = Script((Detect, []), (Choose, "anthropic"), (Hide, "sk-new"), (ListModels, "no network"))
    script.begin()
    reported, choice = script.requested[-1], script._steps.send(None)
    assert isinstance(reported, Notice)
    assert "no network" in reported.text
    assert isinstance(choice, Choose)
    assert "claude-opus-5" in [option.value for option in choice.options]


def test_only_who_can_chat_is_offered() -> None:
    script = Script((Detect, []))
    script.begin()
    choice = script.requested[-1]
    assert isinstance(choice, Choose)
    assert not {"voyage"} & {option.value for option in choice.options}


def test_a_usual_address_is_not_written() -> None:
    usual = facts_of("groq").address
    assert SetupPlan([ProviderEntry("groq", base_url=usual)]).values == {"AI_PROVIDER": "groq"}
    other = SetupPlan([ProviderEntry("groq", base_url="http://127.0.0.1:9")]).values
    assert other[facts_of("groq").base_url[0]] == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("home", "key", "names"),
    [
        ("keyring", "gsk_1", {"AI_PROVIDER", "AI_KEYRING"}),
        ("keyring", None, {"AI_PROVIDER"}),
        ("dotenv", "gsk_1", {"AI_PROVIDER", "GROQ_API_KEY"}),
        ("shown", "gsk_1", {"AI_PROVIDER"}),
    ],
)
def test_where_keys_are_stored_decides_which_lines_are_written(home: Any, key: str | None, names: set[str]) -> None:
    plan = SetupPlan([ProviderEntry("groq", key=key)], home)
    assert plan.values.keys() == names
    assert plan.keys == ({} if key is None else {"GROQ_API_KEY": key})
