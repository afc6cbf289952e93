"""What tools that the provider ran have done, in one form for all providers: sources, pages, output of code, files.

Providers send a call and its result as two parts, or as one; a call and its result are joined by their ids, or by
their order where there are none. The parts themselves stay in the message as they came, to be sent back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ...wire import json
from ..tools.hosted_tools import AnswerSource, Container, HostedToolRun
from .media import FileContent
from .parts import Citation, Content, GenericContent, ServerToolContent, StructuredContent, TextContent

KINDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"tool_search", "tool_search"),
        (r"^x_|view_x", "x_search"),
        (r"web_fetch|url_context", "web_fetch"),
        (r"web_search|google_search|nova_grounding|browse|open_page", "web_search"),
        (r"google_maps", "google_maps"),
        (r"file_search|collections", "file_search"),
        (r"image_generation", "image_generation"),
        (r"^mcp_", "remote_mcp"),
        (r"code_execution|code_interpreter|executableCode|codeExecution|shell_call|^program", "code_execution"),
    )
)
Fields = dict[str, Any]


def read_hosted_tools(contents: Iterable[Content], extras: Mapping[str, Any] | None = None) -> list[HostedToolRun]:
    """Return the calls of provider-run tools in the parts of an answer.

    Args:
        contents: The parts.
        extras: Further fields of the response. Default None.

    Returns:
        The calls with their results, in order.
    """
    runs: list[Fields] = []
    for part in contents:
        data = part_data(part)
        if data is None:
            continue
        kind, inside = data
        known = find_call(runs, kind, inside)
        if known is None:
            runs.append(start_call(part, kind, inside))
        else:
            join(known, read_result(inside))
    fields = HostedToolRun.model_fields
    every = [*runs, *read_url_context(extras or {})]
    return [HostedToolRun(**{name: value for name, value in run.items() if name in fields}) for run in every]


def part_data(part: Content) -> tuple[str, Mapping[str, Any]] | None:
    """Return the name and the data of a part; None for parts of other kinds."""
    if isinstance(part, ServerToolContent) and part.name in NO_CALLS:
        return None
    if isinstance(part, ServerToolContent):
        inside = part.data.get(part.name)
        return part.name, inside if isinstance(inside, Mapping) else part.data
    if isinstance(part, GenericContent) and (part.kind.endswith("_tool_result") or part.kind in RESULTS):
        return part.kind, part.data
    return None


RESULTS = frozenset(
    {"tool_search_output", "shell_call_output", "program_output", "codeExecutionResult", "toolResponse"}
)


NO_CALLS = frozenset({"compaction", "context_compaction", "mcp_list_tools"})
"""Kinds of parts that providers send in the form of calls, but that are none."""


def find_call(runs: Sequence[Fields], kind: str, data: Mapping[str, Any]) -> Fields | None:
    """Return the call of a result: by its id, else the last one without a result."""
    if not (kind.endswith("_tool_result") or kind in RESULTS):
        return None
    wanted = data.get("tool_use_id") or data.get("call_id") or data.get("id")
    named = (run for run in reversed(runs) if wanted and wanted in (run["id"], run["call_id"]))
    alike = (run for run in reversed(runs) if run["open"] and run["tool"] == kind_of(kind, data))
    return next(named, next(alike, None))


def kind_of(name: str, data: Mapping[str, Any]) -> str:
    wanted = str(data.get("toolType") or data.get("tool_type") or (data.get("name") if name == CUSTOM else "") or name)
    types = (wanted, str(data.get("type")) if str(data.get("type")).startswith("mcp_") else "")
    return next((kind for pattern, kind in KINDS if any(pattern.search(one) for one in types)), wanted)


CUSTOM = "custom_tool_call"


def start_call(part: Content, kind: str, data: Mapping[str, Any]) -> Fields:
    named = data.get("name")
    name = str(named) if isinstance(named, str) and kind.endswith("_call") else kind
    caller = data.get("caller")
    run: Fields = {
        "tool": kind_of(name if kind == CUSTOM else kind, data),
        "name": name,
        "id": (part.id if isinstance(part, ServerToolContent) else None) or data.get("id"),
        "call_id": data.get("call_id"),
        "arguments": read_call(part, data),
        "caller": caller.get("tool_id") or caller.get("caller_id") if isinstance(caller, Mapping) else None,
        "open": True,
    }
    join(run, read_result(data))
    run["open"] = True
    return run


def read_call(part: Content, data: Mapping[str, Any]) -> Fields:
    """Return the arguments of a call, which some providers send as fields of their own."""
    if isinstance(part, ServerToolContent) and part.arguments:
        return dict(part.arguments)
    for name in ("arguments", "args", "input", "action"):
        value = data.get(name)
        if isinstance(value, str):
            value = read_json(value)
        if isinstance(value, Mapping) and value:
            return {key: one for key, one in value.items() if key not in ("sources",) and one is not None}
    own = ("code", "language", "queries", "query", "prompt", "revised_prompt", "paths")
    return {name: data[name] for name in own if data.get(name) is not None}


def read_json(text: str) -> Any:
    try:
        return json.loads(text, json.DEEPEST_INSIDE)
    except ValueError:
        return None


def join(run: Fields, result: Fields) -> None:
    """Add a result to a call."""
    for name, value in result.items():
        known = run.get(name)
        run[name] = (
            (*known, *value) if isinstance(known, tuple) else f"{known}{value}" if name == "output" and known else value
        )
    run["open"] = False


def read_result(data: Mapping[str, Any]) -> Fields:
    """Return what a call or its result holds: the fields of `HostedToolRun` that it has."""
    places = [data, *(one for name in PLACES for one in objects_in(data.get(name)))]
    held: Fields = {
        "sources": tuple(source for place in places for source in read_sources(place)),
        "documents": tuple(document for place in places for document in read_documents(place)),
        "files": tuple(file for place in places for file in read_files(place, data)),
        "output": "".join(text for place in places for text in read_output(place)),
    }
    result = {name: value for name, value in held.items() if value}
    codes = [place[name] for place in places for name in ("return_code", "exit_code") if is_number(place.get(name))]
    codes += [place["outcome"]["exit_code"] for place in places if has_exit_code(place)]
    if codes:
        result["exit_code"] = codes[-1]
    if (error := next((text for place in places for text in read_error(place)), None)) is not None:
        result["error"] = error
    return result


PLACES = ("content", "results", "outputs", "output", "action", "response")
"""Fields that hold results: an object, or a list of them."""


def objects_in(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        inner = objects_in(value.get("content"))
        return [value, *inner]
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def has_exit_code(place: Mapping[str, Any]) -> bool:
    outcome = place.get("outcome")
    return isinstance(outcome, Mapping) and is_number(outcome.get("exit_code"))


def read_sources(place: Mapping[str, Any]) -> Iterator[AnswerSource]:
    for one in objects_in(place.get("sources")):
        if isinstance(one.get("url"), str):
            yield AnswerSource(url=one["url"], title=text_of(one, "title"))
    kind = str(place.get("type", ""))
    if kind in ("web_search_result", "web_fetch_result", "open_page") and isinstance(place.get("url"), str):
        inside = place.get("content")
        title = place.get("title") or (inside.get("title") if isinstance(inside, Mapping) else None)
        yield AnswerSource(url=place["url"], title=title if isinstance(title, str) else None)
    if isinstance(place.get("file_id"), str) and "filename" in place:
        yield AnswerSource(file_id=place["file_id"], title=text_of(place, "filename"), text=text_of(place, "text"))


def text_of(place: Mapping[str, Any], name: str) -> str | None:
    value = place.get(name)
    return value if isinstance(value, str) else None


def read_documents(place: Mapping[str, Any]) -> Iterator[FileContent]:
    """Return the document of a fetched page."""
    source = place.get("source")
    if place.get("type") != "document" or not isinstance(source, Mapping) or not isinstance(source.get("data"), str):
        return
    data = source["data"].encode() if source.get("type") == "text" else source["data"]
    about = {"data": data, "mime_type": text_of(source, "media_type"), "name": text_of(place, "title")}
    yield FileContent.model_validate(about)


OUTPUT_FILES = frozenset({"code_execution_output", "bash_code_execution_output"})


def read_files(place: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[FileContent]:
    """Return the files that code wrote."""
    if place.get("type") in OUTPUT_FILES and isinstance(place.get("file_id"), str):
        yield FileContent(file_id=place["file_id"])
    elif place.get("type") == "image" and isinstance(place.get("url"), str):
        yield FileContent(url=place["url"])


def read_output(place: Mapping[str, Any]) -> Iterator[str]:
    names = ("stdout", "stderr", "logs", "result", "output")
    yield from (text for name in names if isinstance(text := place.get(name), str) and not is_picture(place))
    if place.get("type") == "text" and isinstance(place.get("text"), str):
        yield place["text"]
    if isinstance(place.get("content"), str):
        yield place["content"]


def is_picture(place: Mapping[str, Any]) -> bool:
    return place.get("type") == "image_generation_call"


def read_error(place: Mapping[str, Any]) -> Iterator[str]:
    for name in ("error_code", "error_message", "error"):
        value = place.get(name)
        if isinstance(value, Mapping):
            value = value.get("message") or value.get("type")
        if isinstance(value, str) and value:
            yield value
    if place.get("is_error") is True:
        yield "the tool reported an error"
    outcome = place.get("outcome")
    if isinstance(outcome, str) and outcome not in ("OUTCOME_OK", "OUTCOME_UNSPECIFIED"):
        yield outcome


FETCHED = "URL_RETRIEVAL_STATUS_SUCCESS"


def read_url_context(extras: Mapping[str, Any]) -> Iterator[Fields]:
    """Return the pages that Gemini read, which it reports beside the answer."""
    about = extras.get("urlContextMetadata")
    for page in objects_in(about.get("urlMetadata") if isinstance(about, Mapping) else None):
        url, status = text_of(page, "retrievedUrl"), text_of(page, "urlRetrievalStatus")
        failed = None if status in (None, FETCHED) else status
        read = {"sources": () if failed else (AnswerSource(url=url),), "error": failed}
        yield {"tool": "web_fetch", "name": "urlContext", "arguments": {"url": url}, **read}


def citations_of(part: Content) -> list[Citation]:
    return part.citations if isinstance(part, TextContent | StructuredContent) else []


def read_all_sources(contents: Sequence[Content], extras: Mapping[str, Any]) -> list[AnswerSource]:
    """Return what an answer cites, and then what provider-run tools read, each once."""
    cited = [
        AnswerSource(url=one.url, title=one.title, text=one.cited_text, file_id=text_of(one.extras, "file_id"))
        for part in contents
        for one in citations_of(part)
    ]
    read = [source for run in read_hosted_tools(contents, extras) for source in run.sources]
    every = {source.url or source.file_id or source.title: source for source in reversed([*cited, *read])}
    return [source for name, source in reversed(every.items()) if name]


def read_all_files(contents: Sequence[Content], extras: Mapping[str, Any], provider: str | None) -> list[FileContent]:
    """Return the files that code of the provider wrote, each once."""
    made = [file for run in read_hosted_tools(contents, extras) for file in run.files]
    every = {file.file_id or file.url: file for file in [*made, *cited_files(contents, provider)]}
    return [file.model_copy(update={"stored_at": provider}) if file.file_id else file for file in every.values()]


def read_container(contents: Iterable[Content], extras: Mapping[str, Any]) -> Container | None:
    """Return the last container that the parts name, or the response itself."""
    places: list[Any] = [extras.get("container")]
    for part in contents:
        if isinstance(part, ServerToolContent):
            places += [{"id": part.data.get("container_id")}, part.extras.get("container")]
            environment = part.data.get("environment")
            places.append({"id": environment.get("container_id")} if isinstance(environment, Mapping) else None)
    named = [one for one in places if isinstance(one, Mapping) and isinstance(one.get("id"), str)]
    if not named:
        return None
    skills = tuple(dict(one) for one in objects_in(named[-1].get("skills")))
    return Container(id=named[-1]["id"], expires_at=read_date(named[-1].get("expires_at")), skills=skills)


def read_date(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def cited_files(contents: Iterable[Content], provider: str | None) -> list[FileContent]:
    """Return the files that code wrote and the answer mentions, with the container that they are in."""
    files: list[FileContent] = []
    for part in contents:
        for cited in citations_of(part):
            if cited.extras.get("type") == "container_file_citation":
                container, file_id = cited.extras.get("container_id"), cited.extras.get("file_id")
                about = {"file_id": file_id, "name": cited.title, "extras": {"container_id": container}}
                files.append(FileContent.model_validate({**about, "stored_at": provider}))
    return files
