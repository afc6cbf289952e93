"""The keyword arguments of calls are the fields of `AIModelCallConfig`, with their types and documentation."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import pytest

from ai_utilities.operations.ask_options import AskOptions
from dhenara.ai.client.runs import RunPlanSettings, RunSettings, RunTurnSettings
from dhenara.ai.types import AIModelCallConfig
from dhenara.ai.types.config.call_options import (
    AlternativeNames,
    AnswerOptions,
    BatchSettings,
    CallOptions,
    CallSettings,
)
from dhenara.ai.types.config.other_names import ALTERNATIVE_NAMES
from dhenara.ai.types.config.parameters import CallParameters, ParameterArguments
from dhenara.ai.types.operations import audio, batch, files, images, text_operations

ROOT = Path(__file__).parents[2]
FIELDS = get_type_hints(AIModelCallConfig)
OPTIONS = get_type_hints(CallOptions)
WIDER = {"stop", "metadata", "logit_bias", "tools", "tool_choice", "structured_output", "options", "headers"}
"""Options that take more than the field holds afterwards."""


def members(annotation: Any) -> set[Any]:
    """The types of a union, without their arguments: what is a `dict` is also a `Mapping`."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return {one for part in get_args(annotation) for one in members(part)}
    return {get_origin(annotation) or annotation}


def documented(kind: type) -> dict[str, str]:
    """The text below each field of a class and of its bases."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(tree, ast.ClassDef)
    texts: dict[str, str] = {}
    for name in map(ast.unparse, reversed(tree.bases)):
        if name not in ("TypedDict", "FrozenModel"):
            texts |= documented(getattr(sys.modules[kind.__module__], name))
    for field, text in pairwise(tree.body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            texts[ast.unparse(field.target)] = str(text.value.value)
    return texts


def test_there_is_one_option_for_each_field_and_each_accepted_name() -> None:
    assert set(OPTIONS) == set(AIModelCallConfig.model_fields) | set(ALTERNATIVE_NAMES)


@pytest.mark.parametrize("name", AIModelCallConfig.model_fields)
def test_an_option_has_the_type_of_its_field(name: str) -> None:
    option, field = members(OPTIONS[name]), members(FIELDS[name])
    if name in WIDER:
        assert all(
            any(isinstance(wide, type) and issubclass(one, wide) for wide in option) for one in field - {NoneType}
        )
        assert option != field or OPTIONS[name] != FIELDS[name]
    else:
        assert OPTIONS[name] == FIELDS[name]


@pytest.mark.parametrize("name", OPTIONS)
def test_no_option_is_any(name: str) -> None:
    assert Any not in members(OPTIONS[name])
    assert "Any" not in str(OPTIONS[name])


@pytest.mark.parametrize(("other", "name"), ALTERNATIVE_NAMES.items())
def test_an_alternative_name_has_the_type_of_what_it_stands_for(other: str, name: str) -> None:
    assert OPTIONS[other] == OPTIONS.get(name, str | Sequence[str] | None)


def test_runs_batches_conversations_and_the_kit_take_all_of_them_but_streaming() -> None:
    every = set(OPTIONS) - {"streaming", "stream"}
    assert set(AnswerOptions.__annotations__) == every
    for kind in (RunSettings, RunTurnSettings, BatchSettings, AskOptions):
        assert every <= set(kind.__annotations__)


@pytest.mark.parametrize(
    "kind", [CallOptions, RunPlanSettings, RunSettings, RunTurnSettings, BatchSettings, AskOptions, CallSettings]
)
def test_every_option_is_documented_where_editors_look(kind: Any) -> None:
    texts = documented(kind)
    assert set(kind.__annotations__) == set(texts)
    assert all(text.endswith(".") for text in texts.values())


def test_parameters_are_documented_in_the_same_words_as_their_fields() -> None:
    assert documented(ParameterArguments) == documented(CallParameters)


def test_no_field_of_a_request_takes_the_place_of_an_option() -> None:
    """A setting of an operation is the request's if it has such a field, and would not reach the configuration."""
    modules = (audio, batch, files, images, text_operations)
    kinds = {name: kind for module in modules for name, kind in vars(module).items() if name.endswith("Request")}
    assert {"BatchRequest", "FileRequest", "EmbeddingRequest", "ImageRequest", "SpeechRequest"} <= kinds.keys()
    requests = {name: kind.model_fields for name, kind in kinds.items()}
    shared = {name: fields.keys() & FIELDS.keys() for name, fields in requests.items()}
    meant = {"StoreRequest": {"metadata"}}  # of the store, and not of the call
    assert {name: fields for name, fields in shared.items() if fields} == meant


def test_alternative_names_say_what_they_stand_for() -> None:
    texts = documented(AlternativeNames) | documented(CallOptions)
    assert all(f"`{name}`" in texts[other] for other, name in ALTERNATIVE_NAMES.items())


CALLS = {
    "list_models": "client.list_models(",
    "generate": "client.generate('x', ",
    "generate_async": "client.generate_async('x', ",
    "plan": "client.plan('x', ",
    "submit_batch": "client.submit_batch(['x'], ",
    "config": "AIModelCallConfig(",
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_jedi_completes_the_options(call: str) -> None:
    jedi = pytest.importorskip("jedi")
    start = "from dhenara.ai import AIModelClient\nfrom dhenara.ai.types import AIModelCallConfig\n"
    source = f"{start}client = AIModelClient(None)\n{call}"
    script = jedi.Script(source, path=ROOT / "src" / "snippet.py", project=jedi.Project(ROOT, added_sys_path=["src"]))
    actual = {one.name.removesuffix("=") for one in script.complete() if one.name.endswith("=")}
    assert set(AIModelCallConfig.model_fields) <= actual


RIGHT = """
from pydantic import BaseModel
from ai_utilities import AiClient, AsyncAiClient
from dhenara.ai import AIModelClient
from dhenara.ai.types import AIModelCallConfig, AIModelEndpoint, Timeouts, WebSearch

class City(BaseModel):
    name: str

def weather(city: str) -> str: ...

def use(client: AIModelClient, kit: AiClient) -> None:
    client.generate("x", temperature=0, structured_output=City, tools=[weather, WebSearch(), {"name": "f"}], stop="a")
    client.generate("x", max_tokens=5, system="Short.", stream=True, max_retries=0, structured_output=list[City])
    client.run("x", tools=weather, output=City, max_tokens=5, timeout=Timeouts(total=3)).output.name
    client.generate_typed("x", City, extra_body={"a": 1}).name
    client.plan("x", tool_choice="weather")
    client.count_tokens("x", tools=[weather], system="Short.")
    client.submit_batch(["x"], structured_output=City, retries=0)
    client.retrieve("id", timeout=3, max_retries=0)
    talk = client.conversation()
    talk.ask("x", temperature=0, system="Short.")
    talk.ask_typed("x", City, temperature=0).name
    kit.ask_typed_many(["x"], City, concurrency=2, temperature=0)[0].output.name
    kit.extract(["x"], list[City], on_progress=print)[0].output[0].name
    kit.chat().ask_typed("x", City).name
    kit.ask("x", system="Short.", instructions=None, max_tokens=5, files="a.pdf", tools=[weather])
    AIModelCallConfig(max_tokens=5, structured_output=City, tools=[weather], metadata={"a": 1})
"""
WRONG = [
    "client.generate('x', temprature=0)",
    "client.generate('x', temperature='hot')",
    "client.generate('x', reasoning_effort='huge')",
    "client.generate_typed(City, 'x')",
    "client.run('x', streaming=True)",
    "client.run('x', limits=3)",
    "client.plan('x', retries='no')",
    "client.submit_batch(['x'], stream=True)",
    "client.retrieve('id', timeout='soon')",
    "client.conversation().ask('x', stream=True)",
    "client.conversation().run('x', approv=None)",
    "kit.ask('x', stream=True)",
    "kit.ask('x', temprature=0)",
    "kit.ask_typed_many('x', City)[0].output.nam",
    "AIModelCallConfig(temprature=0)",
]


@pytest.mark.slow
def test_pyright_knows_every_option_and_refuses_what_is_none(tmp_path: Path) -> None:
    pytest.importorskip("pyright")
    text = RIGHT + "".join(f"    {line}\n" for line in WRONG)
    (tmp_path / "snippet.py").write_text(text, encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{(ROOT / "src").as_posix()}"]}}', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    problems = json.loads(done.stdout)["generalDiagnostics"]
    wrong = {one["range"]["start"]["line"] for one in problems if one["severity"] == "error"}
    lines = text.splitlines()
    assert [lines[line].strip() for line in sorted(wrong)] == WRONG
