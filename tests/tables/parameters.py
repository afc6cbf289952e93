"""The page about parameters, made from their declarations."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import get_args

from dhenara.ai.types.config import parameters
from dhenara.ai.types.config.name_hints import GENERATION_HINTS, REQUEST_HINTS
from dhenara.ai.types.config.other_names import ALTERNATIVE_NAMES, ENGINE_WORDS
from dhenara.ai.types.config.parameters import OWN_FORM, PARAMETERS, WireProtocol
from tables.dialects import PROTOCOLS
from tables.providers import row

PAGE = Path(__file__).resolve().parents[2] / "docs" / "parameters.md"
HEAD = """# Parameters

Temperature, maximum number of tokens, stop sequences, seed and the other parameters of a call. This page is made from
their declarations.

=== "Kit"

    ```python
    from ai_utilities import AiClient

    client = AiClient("openai/gpt-5.4-mini")
    client.ask("Name a fruit.", temperature=0, max_output_tokens=20, stop=["."])
    ```

=== "Engine"

    ```python
    from dhenara.ai import AIModelClient

    engine = AIModelClient("openai/gpt-5.4-mini")
    engine.generate("Name a fruit.", temperature=0, max_output_tokens=20, stop=["."])
    ```

=== "Async"

    ```python
    from ai_utilities import AsyncAiClient

    async with AsyncAiClient("openai/gpt-5.4-mini") as async_client:
        await async_client.ask("Name a fruit.", temperature=0)
    ```

Every parameter is also a field of `AIModelCallConfig`, for all calls of a client, and `--param NAME=VALUE` of
`ai-utilities ask`. A parameter that is not set is not sent. System prompts, structured output, timeouts and the other
options of a call are in [Call options](reference/call-options.md).

## Temperature, max tokens, stop sequences and other parameters

"""
BETWEEN = """
## Extra headers and body fields

`headers` and `options` are added to the request as they are: `options` are fields of its body that have no parameter
here, or that replace one. Neither is checked; the provider refuses what it does not have.

=== "Kit"

    ```python
    client.ask("Hi", headers={"X-Team": "docs"}, options={"service_tier": "flex"})
    tagged = AiClient("openai/gpt-5.4-mini", headers={"X-Team": "docs"})  # all calls
    ```

=== "Engine"

    ```python
    engine.generate("Hi", headers={"X-Team": "docs"}, options={"service_tier": "flex"})
    tagged = AIModelClient("openai/gpt-5.4-mini", headers={"X-Team": "docs"})  # all calls
    ```

Headers that decide where a request goes or ends, such as `Host`, raise a `ConfigurationError`.

## Names in requests

The name of each parameter in the request of each protocol. Some providers use other names; see
[Providers](providers.md). "Own form": the protocol has no single field for it. "—": the protocol does not have it: it
is left out and the response has a warning; with `strict=True` it is an error. Parameters that are not listed go
through `options={...}`.

"""
OTHERS = """
## Names of other libraries

Both packages and `AIModelCallConfig` accept these names, too. Two names of one option with different values are an
error.

"""
HINTS = """
For other names, the error says what to write. For example, `generate("Hi", response_format=Person)` raises `unknown
setting 'response_format'; write structured_output=Person, or call generate_typed(prompt, Person)`. Names in camel
case (`topP`) are accepted. The kit's errors name the kit's methods and options (`ask_typed`, `system`, `files`).

"""
FOOT = """
## See also

[Call options](reference/call-options.md), [Reasoning](reasoning.md), [Structured output](structured-output.md),
[Retries and timeouts](timeouts-and-retries.md).

<!-- setup
client.close()
engine.close()
-->
"""
NAMES = {**PROTOCOLS, "open_models": "OpenAI Chat of open models"}


def page() -> str:
    """The whole page."""
    parts = (HEAD, meanings(), BETWEEN, wire_names(), OTHERS, accepted_names(), HINTS, hints(), FOOT)
    return "".join(part if isinstance(part, str) else "\n".join(part) + "\n" for part in parts)


def accepted_names() -> Iterator[str]:
    yield row("name", "same as")
    yield row(*["---"] * 2)
    for other, name in ALTERNATIVE_NAMES.items():
        yield row(f"`{other}`", "`instructions`, `system`" if name == "instructions" else f"`{name}`")


def hints() -> Iterator[str]:
    """The names of each hint, in the words of the engine."""
    yield row("names", "what to do")
    yield row(*["---"] * 2)
    names_of: dict[str, list[str]] = {}
    for table in (GENERATION_HINTS, REQUEST_HINTS):
        for name, hint in table.items():
            if name == "messages":  # an argument of `generate`
                continue
            names_of.setdefault(Template(hint).substitute(ENGINE_WORDS, name="name"), []).append(name)
    for hint, names in names_of.items():
        yield row(" ".join(f"`{name}`" for name in names), hint.replace("|", "\\|"))


def meanings() -> Iterator[str]:
    yield row("parameter", "type", "meaning")
    yield row(*["---"] * 3)
    types = fields(parameters.ParameterArguments)
    for name, text in descriptions().items():
        kind = ast.unparse(types[name].annotation).replace("|", "&#124;")  # a bar would end the cell
        yield row(f"`{name}`", f"<code>{kind}</code>", text)


def fields(kind: type) -> dict[str, ast.AnnAssign]:
    """The annotated fields of a class by name."""
    return {ast.unparse(line.target): line for line in body(kind) if isinstance(line, ast.AnnAssign)}


def body(kind: type) -> list[ast.stmt]:
    tree = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(tree, ast.ClassDef)
    return tree.body


def descriptions() -> dict[str, str]:
    """The text below each field of `CallParameters`."""
    lines = body(parameters.CallParameters)
    return {
        ast.unparse(field.target): str(text.value.value)
        for field, text in pairwise(lines)
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def wire_names() -> Iterator[str]:
    protocols = get_args(WireProtocol)
    yield row("parameter", *(NAMES[protocol] for protocol in protocols))
    yield row(*["---"] * (1 + len(protocols)))
    for name, parameter in PARAMETERS.items():
        yield row(f"`{name}`", *(cell(parameter.wire_name(protocol)) for protocol in protocols))


def cell(name: str | None) -> str:
    return "—" if name is None else "own form" if name == OWN_FORM else f"`{name}`"
