"""Which provider has which tool that the caller runs, in which version, for which models."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...types.config.call import Call
from ...types.tools.caller_tools import ComputerUse
from ...types.tools.tool import Tool
from ...types.tools.tool_definition import ToolChoice, ToolDefinition
from .plan import WarningCollector


@dataclass(frozen=True, slots=True)
class ToolVersion:
    """A version of a provider's tool.

    Attributes:
        version: Type of the tool in a request.
        name: Name by which the model calls it.
        family: Pattern of the models that take it, with the number of their generation as its group.
        least: The first generation that takes it.
        since: When it was published.
        beta: Feature that a request must ask for. Default None.
    """

    version: str
    name: str
    family: re.Pattern[str]
    least: tuple[int, ...]
    since: str
    beta: str | None = None

    def fits(self, model: str) -> bool:
        """Whether the model takes it."""
        match = self.family.search(model)
        return match is not None and numbers_of(match.group("number")) >= self.least


def numbers_of(text: str | None) -> tuple[int, ...]:
    return tuple(int(part) for part in re.split(r"[.-]", text or "") if part)


CLAUDE = re.compile(r"claude-(?:[a-z]+-)?(?P<number>\d+(?:[.-]\d{1,2})?)(?!\d)")
OPUS = re.compile(r"claude-opus-(?P<number>\d+(?:[.-]\d{1,2})?)(?!\d)")
GPT = re.compile(r"(?:^|/)gpt-(?P<number>\d+(?:\.\d+)?)(?!\d)(?!.*(?:image|audio|realtime|tts|transcribe))")
CODEX_MINI = re.compile(r"^codex-mini(?P<number>)")
PREVIEW = re.compile(r"^computer-use-preview(?P<number>)")
GEMINI = re.compile(r"gemini-(?P<number>\d+(?:\.\d+)?)(?!.*(?:image|tts|live|embedding))")
GEMINI_PREVIEW = re.compile(r"gemini-2\.5-computer-use(?P<number>)")

EDITOR = "str_replace_based_edit_tool"
COMPUTER_2025 = "computer-use-2025-01-24"
COMPUTER_2024 = "computer-use-2024-10-22"
VERSIONS: Mapping[str, Mapping[str, Sequence[ToolVersion]]] = {
    "anthropic": {
        "shell": (
            ToolVersion("bash_20250124", "bash", CLAUDE, (3, 7), "2025-01-24"),
            ToolVersion("bash_20241022", "bash", CLAUDE, (3, 5), "2024-10-22", COMPUTER_2024),
        ),
        "text_editor": (
            ToolVersion("text_editor_20250728", EDITOR, CLAUDE, (4,), "2025-07-28"),
            ToolVersion("text_editor_20250124", "str_replace_editor", CLAUDE, (3, 7), "2025-01-24"),
            ToolVersion("text_editor_20241022", "str_replace_editor", CLAUDE, (3, 5), "2024-10-22", COMPUTER_2024),
        ),
        "memory": (ToolVersion("memory_20250818", "memory", CLAUDE, (4,), "2025-08-18"),),
        "computer": (
            ToolVersion("computer_20251124", "computer", OPUS, (4, 5), "2025-11-24", "computer-use-2025-11-24"),
            ToolVersion("computer_20251124", "computer", CLAUDE, (4, 6), "2025-11-24", "computer-use-2025-11-24"),
            ToolVersion("computer_20250124", "computer", CLAUDE, (3, 7), "2025-01-24", COMPUTER_2025),
            ToolVersion("computer_20241022", "computer", CLAUDE, (3, 5), "2024-10-22", COMPUTER_2024),
        ),
    },
    "openai_responses": {
        "shell": (
            ToolVersion("shell", "shell", GPT, (5, 1), "2025-11-13"),
            ToolVersion("local_shell", "local_shell", CODEX_MINI, (), "2025-05-20"),
        ),
        "apply_patch": (ToolVersion("apply_patch", "apply_patch", GPT, (5, 1), "2025-11-13"),),
        "computer": (
            ToolVersion("computer", "computer", GPT, (5, 4), "2026-03-05"),
            ToolVersion("computer_use_preview", "computer_use_preview", PREVIEW, (), "2025-03-11"),
        ),
        "custom": (ToolVersion("custom", "", GPT, (5,), "2025-08-07"),),
    },
    "openai_chat": {"custom": (ToolVersion("custom", "", GPT, (5,), "2025-08-07"),)},
    "gemini": {
        "computer": (
            ToolVersion("computerUse", "computer", GEMINI_PREVIEW, (), "2025-10-07"),
            ToolVersion("computerUse", "computer", GEMINI, (3,), "2025-12-17"),
        ),
    },
}
"""For each protocol the versions of each kind of tool, the newest one first."""

HOSTS = {
    "openai_responses": ("openai", "microsoft_openai", "microsoft_azure_ai"),
    "openai_chat": ("openai", "microsoft_openai", "microsoft_azure_ai"),
}
"""Providers that have the tools of a protocol; others have only its functions. Default: all."""


def native_version(tool: ToolDefinition, call: Call, protocol: str) -> ToolVersion | None:
    """Return the provider's own form of a tool; None if it is sent as a function."""
    kind = getattr(tool, "kind", None)
    if kind is None or str(call.endpoint.api.provider) not in HOSTS.get(protocol, (str(call.endpoint.api.provider),)):
        return None
    versions = VERSIONS.get(protocol, {}).get(kind, ())
    wanted = getattr(tool, "version", None)
    if wanted is not None:
        named = next((one for one in versions if one.version == wanted), None)
        # A version that is not in the table is sent as it is, in the form of the newest one.
        return named or (ToolVersion(wanted, versions[0].name, CLAUDE, (), "") if versions else None)
    return next((one for one in versions if one.fits(call.endpoint.ai_model.model_name)), None)


def split_tools(
    tools: Sequence[Any], call: Call, protocol: str, warnings: WarningCollector
) -> tuple[list[ToolDefinition], list[tuple[Any, ToolVersion]]]:
    """Return the tools that are sent as functions, and those that the provider has itself."""
    functions: list[ToolDefinition] = []
    native: list[tuple[Any, ToolVersion]] = []
    for tool in tools:
        if not isinstance(tool, ToolDefinition):
            continue
        version = native_version(tool, call, protocol) if isinstance(tool, Tool) else None
        if version is not None:
            native.append((tool, version))
        elif isinstance(tool, ComputerUse):
            warnings.unsupported("computer", "this model has no tool for computer use; it was left out")
        else:
            functions.append(tool)
    return functions, native


def rename_choice(choice: ToolChoice | None, native: Sequence[tuple[Any, ToolVersion]]) -> ToolChoice | None:
    """Return the choice with the names that the provider gives to its own tools."""
    if choice is None or not choice.names or not native:
        return choice
    names = {tool.name: version.name or tool.name for tool, version in native}
    return choice.model_copy(update={"names": tuple(names.get(name, name) for name in choice.names)})
