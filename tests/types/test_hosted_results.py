"""What provider-run tools did, in one form for all providers; recorded answers lose nothing of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.testing import FakeServer
from dhenara.ai.types import (
    AnswerSource,
    ChatResponse,
    ChatResponseChoice,
    GenericContent,
    HostedToolRun,
    ServerToolContent,
)
from dhenara.ai.types.content.hosted_results import read_hosted_tools
from pipeline.test_recorded_runs import served
from support.corpus import Exchange, as_parameters, exchanges
from support.worlds import endpoint

APIS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-responses": ("openai", {"protocol": "openai_responses"}),
    "anthropic-messages": ("anthropic", {}),
    "gemini-generate": ("google_ai", {}),
    "gemini-stream-generate": ("google_ai", {}),
}
RESULT = ("_tool_result", "_output", "mcp_list_tools", "compaction", "toolResponse", "codeExecutionResult")


def uses_tools(exchange: Exchange) -> bool:
    expected = exchange["expected"]
    return (
        expected["kind"] == "generate"
        and exchange["status"] == 200
        and exchange["provider"] != "xai"
        and bool(expected.get("server_tools"))
    )


RECORDED = [one for api in APIS for one in exchanges(api, uses_tools)]


def read(exchange: Exchange, server: FakeServer) -> ChatResponse:
    provider, config = APIS[exchange["api"]]
    server.add_replies(served(exchange))
    client = AIModelClient(endpoint(server.url, provider, "recorded-model", **config))
    if not exchange["stream"]:
        return client.generate("?").chat_response
    *_, (_, final) = client.generate("?", streaming=True).stream_generator
    return final.chat_response


@pytest.mark.parametrize("exchange", as_parameters(RECORDED))
def test_recorded_calls_of_provider_run_tools_are_all_read(exchange: Exchange, server: FakeServer) -> None:
    response = read(exchange, server)
    calls = Counter(name for name in exchange["expected"]["server_tools"] if not name.endswith(RESULT))
    names = Counter(call.name for call in response.hosted_tools if not call.name.endswith(RESULT))
    for_us = [call for call in response.tool_calls if "tool_type" in call.extras]
    assert names.total() + len(for_us) == calls.total(), (names, calls)
    body = str(exchange["response_body"])
    for call in response.hosted_tools:
        for source in call.sources:
            assert (source.url or source.file_id or "?") in json.loads(json.dumps(body)).replace("\\/", "/")
    cited = exchange["expected"].get("citation_urls") or []
    assert set(cited) <= {source.url for source in response.sources}


def answer(*contents: Any, **extras: Any) -> ChatResponse:
    return ChatResponse(provider="anthropic", choices=[ChatResponseChoice(contents=list(contents))], extras=extras)


def called(name: str, call_id: str, **arguments: Any) -> ServerToolContent:
    data = {"type": "server_tool_use", "id": call_id, "name": name}
    return ServerToolContent(id=call_id, name=name, arguments=arguments, data=data)


def result(kind: str, call_id: str, content: Any) -> GenericContent:
    kind = f"{kind}_tool_result"
    return GenericContent(kind=kind, data={"type": kind, "tool_use_id": call_id, "content": content})


def test_a_fetched_page_is_a_source_and_a_document() -> None:
    document = {
        "type": "document",
        "title": "Example",
        "source": {"type": "text", "media_type": "text/plain", "data": "Hi"},
    }
    page = {"type": "web_fetch_result", "url": "https://example.com", "content": document}
    response = answer(called("web_fetch", "s1", url="https://example.com"), result("web_fetch", "s1", page))
    (fetched,) = response.hosted_tools
    assert (fetched.tool, fetched.arguments, fetched.error) == ("web_fetch", {"url": "https://example.com"}, None)
    assert fetched.sources == (AnswerSource(url="https://example.com", title="Example"),)
    assert [(one.data, one.mime_type, one.name) for one in fetched.documents] == [(b"Hi", "text/plain", "Example")]
    assert [source.url for source in response.sources] == ["https://example.com"]


def test_a_pdf_that_was_fetched_has_its_bytes() -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    page = {"type": "web_fetch_result", "url": "https://a.b/c.pdf", "content": {"type": "document", "source": source}}
    (fetched,) = answer(called("web_fetch", "s1"), result("web_fetch", "s1", page)).hosted_tools
    assert fetched.documents[0].data == b"%PDF"


@pytest.mark.parametrize(
    ("kind", "error"),
    [("web_fetch", "url_not_accessible"), ("web_search", "max_uses_exceeded"), ("code_execution", "unavailable")],
)
def test_a_tool_that_failed_says_why(kind: str, error: str) -> None:
    content = {"type": f"{kind}_tool_result_error", "error_code": error}
    (call,) = answer(called(kind, "s1"), result(kind, "s1", content)).hosted_tools
    assert (call.tool, call.error, call.sources) == (kind, error, ())


def test_code_has_output_exit_code_and_files() -> None:
    files = [{"type": "code_execution_output", "file_id": "file_1"}]
    ran = {"type": "code_execution_result", "stdout": "55\n", "stderr": "careful", "return_code": 1, "content": files}
    response = answer(called("code_execution", "s1", code="print(55)"), result("code_execution", "s1", ran))
    (call,) = response.hosted_tools
    assert (call.output, call.exit_code) == ("55\ncareful", 1)
    assert [(file.file_id, file.stored_at) for file in response.files] == [("file_1", "anthropic")]


def test_results_find_their_calls_also_when_two_run_at_once() -> None:
    contents = [called("web_search", "s1", query="a"), called("web_search", "s2", query="b")]
    pages = [[{"type": "web_search_result", "url": f"https://{name}.org", "title": name}] for name in ("b", "a")]
    results = [result("web_search", "s1", pages[1]), result("web_search", "s2", pages[0])]
    response = answer(*contents, *results)
    assert [(call.arguments["query"], call.sources[0].url) for call in response.hosted_tools] == [
        ("a", "https://a.org"),
        ("b", "https://b.org"),
    ]


@pytest.mark.parametrize("kind", ["compaction", "mcp_list_tools"])
def test_what_is_no_call_is_left_out(kind: str) -> None:
    assert answer(ServerToolContent(name=kind, data={"type": kind})).hosted_tools == []


def test_pages_that_gemini_read_are_calls() -> None:
    pages = [
        {"retrievedUrl": "https://a.org", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"},
        {"retrievedUrl": "https://b.org", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"},
    ]
    calls = answer(urlContextMetadata={"urlMetadata": pages}).hosted_tools
    assert [(call.tool, call.error) for call in calls] == [
        ("web_fetch", None),
        ("web_fetch", "URL_RETRIEVAL_STATUS_ERROR"),
    ]


JUNK: list[Any] = [
    None,
    [],
    {},
    "x",
    3,
    True,
    [None],
    [[]],
    {"content": 1},
    {"type": "document", "source": {"data": 1}},
]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("name", ["content", "results", "outputs", "output", "action", "sources", "caller", "outcome"])
def test_data_of_another_shape_is_left_out(junk: Any, name: str) -> None:
    call = ServerToolContent(name="web_search_call", data={"type": "web_search_call", name: junk})
    part = GenericContent(kind="web_search_tool_result", data={name: junk})
    assert all(isinstance(one, HostedToolRun) for one in read_hosted_tools([call, part], {"urlContextMetadata": junk}))


def test_an_answer_without_such_tools_has_none() -> None:
    response = answer()
    assert (response.hosted_tools, response.sources, response.files) == ([], [], [])
