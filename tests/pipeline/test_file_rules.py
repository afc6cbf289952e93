"""Files at providers, against a pipeline with a clock of its own: pages, pauses, uploads that are used again."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from dhenara.ai import AIModelClient
from dhenara.ai.errors import CallTimeoutError, NotFoundError, PermissionDeniedError, ProviderError, ServerError
from dhenara.ai.io.sync_io import run
from dhenara.ai.pipeline.operations.files import (
    SHARED_UPLOADS,
    UploadCache,
    find_uploaded,
    list_files,
    send_upload,
    upload,
    upload_once,
    wait_for_file,
)
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import AIModelCallConfig, Call, CallWarning, FileContent, GeneratedImage, UploadedFile
from dhenara.ai.types.operations.files import FilePage, FileRequest, UploadAddress
from support.worlds import World, endpoint

FIRST = CallWarning(code="provider_warning", message="first")
SECOND = CallWarning(code="provider_warning", message="second")


class Clock:
    """Time that passes while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    time = monotonic

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class ScriptedPipeline:
    """Returns or raises these results, one a request."""

    def __init__(self, *results: Any, codec: str = "openai.files") -> None:
        self.io = Clock()
        self.results = list(results)
        self.actions: list[str] = []
        route = SimpleNamespace(codec=codec)
        self.target = SimpleNamespace(route=route, quirks=None, endpoint=endpoint("http://localhost"))

    async def start(self, call: Call) -> Call:
        return call

    async def read_result(self, call: Call, stream: object, kind: type) -> Any:
        assert isinstance(call.request, FileRequest)
        self.actions.append(call.request.action)
        result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if isinstance(result, Exception):
            raise result
        assert isinstance(result, kind)
        return result

    async def perform(self, call: Call, kind: type) -> Any:
        return await self.read_result(call, None, kind)


def call_of(action: Any = "get", deadline: float | None = None) -> Call:
    request = FileRequest(action=action, file_id="f1", content=b"x", size=1, name="a.txt", mime_type="text/plain")
    return Call(
        endpoint=endpoint("http://localhost"),
        messages=(),
        config=AIModelCallConfig(),
        operation="files",
        request=request,
        deadline=deadline,
    )


def file(state: Any = "ready", **more: Any) -> UploadedFile:
    return UploadedFile(file_id="f1", state=state, **more)


@given(st.floats(0.1, 100.0))
def test_pauses_grow_to_ten_seconds_and_end_with_the_timeout(timeout: float) -> None:
    pipeline: Any = ScriptedPipeline(file("processing"))
    with pytest.raises(CallTimeoutError) as late:
        run(wait_for_file(pipeline, call_of(), timeout))
    assert late.value.limit == "total"
    *whole, last = pipeline.io.pauses
    assert whole == [min(0.5 * 1.5**number, 10.0) for number in range(len(whole))]
    assert 0 < last <= 10
    assert pipeline.io.now == pytest.approx(1_000 + timeout)


def test_a_file_that_becomes_ready_is_returned() -> None:
    pipeline: Any = ScriptedPipeline(file("processing"), file("processing"), file("ready"))
    assert run(wait_for_file(pipeline, call_of(), 60)).state == "ready"
    assert pipeline.io.pauses == [0.5, 0.75]


@pytest.mark.parametrize(("most", "requests", "ids"), [(1, 1, "a"), (2, 1, "ab"), (3, 2, "abc"), (None, 2, "abcd")])
def test_no_more_pages_are_requested_than_are_needed(most: int | None, requests: int, ids: str) -> None:
    def page(names: str, cursor: str | None) -> FilePage:
        return FilePage(files=[UploadedFile(file_id=name) for name in names], cursor=cursor)

    pipeline: Any = ScriptedPipeline(page("ab", "next"), page("cd", None))
    assert [one.file_id for one in run(list_files(pipeline, call_of("list"), most))] == list(ids)
    assert len(pipeline.actions) == requests


def test_warnings_of_both_requests_of_an_upload_are_returned() -> None:
    begun = UploadAddress(query="upload_id=1", warnings=[FIRST])
    pipeline: Any = ScriptedPipeline(begun, file(warnings=[SECOND]), codec="gemini.files")
    assert run(upload(pipeline, call_of("upload"))).warnings == [FIRST, SECOND]
    assert pipeline.actions == ["begin", "upload"]


@pytest.mark.parametrize(("deadline", "waited"), [(None, 600.0), (1_020.0, 20.0), (5_000.0, 600.0)])
def test_an_upload_is_waited_for_within_the_time_of_the_call(deadline: float | None, waited: float) -> None:
    pipeline: Any = ScriptedPipeline(file("processing"))
    with pytest.raises(CallTimeoutError):
        run(send_upload(pipeline, call_of(deadline=deadline), FileContent(data=b"x", mime_type="text/plain")))
    assert pipeline.io.now == pytest.approx(1_000 + waited)


@pytest.mark.parametrize("answer", [NotFoundError("gone"), PermissionDeniedError("gone"), file("processing")])
def test_a_file_that_the_provider_lost_is_forgotten(answer: Any) -> None:
    pipeline: Any = ScriptedPipeline(answer)
    SHARED_UPLOADS.store("key of this test", file())
    assert run(find_uploaded(pipeline, call_of(), "key of this test")) is None
    assert SHARED_UPLOADS.find("key of this test", 0.0) is None


def test_a_file_that_the_provider_has_is_used_again() -> None:
    pipeline: Any = ScriptedPipeline(file(name="still there"))
    SHARED_UPLOADS.store("key of this test", file())
    uploaded = run(find_uploaded(pipeline, call_of(), "key of this test"))
    assert uploaded is not None
    assert uploaded.name == "still there"
    SHARED_UPLOADS.forget("key of this test")


@pytest.mark.parametrize(("left", "is_used"), [(None, True), (301.0, True), (300.0, False), (-1.0, False)])
def test_files_that_expire_within_five_minutes_are_not_used_again(left: float | None, is_used: bool) -> None:
    cache = UploadCache()
    cache.store("k", file(expires_at=None if left is None else datetime.fromtimestamp(1_000 + left, UTC)))
    assert (cache.find("k", 1_000.0) is not None) == is_used


def test_a_thousand_uploads_are_known() -> None:
    cache = UploadCache()
    for number in range(1_001):
        cache.store(str(number), file())
    assert [cache.find(name, 0.0) is None for name in ("0", "1", "1000")] == [True, False, False]


def test_one_caller_at_a_time_uploads_a_file() -> None:
    cache = UploadCache()
    assert [cache.begin("k"), cache.begin("k"), cache.begin("other")] == [True, False, True]
    cache.end("k")
    assert cache.begin("k")


def redirects(server: FakeServer, count: int) -> Sequence[Raw]:
    return [Raw(b"moved", status=302, headers={"location": f"{server.url}/{number}"}) for number in range(count)]


def test_a_download_follows_four_redirects_and_has_the_type_that_is_known(world: World, server: FakeServer) -> None:
    server.add_replies(*redirects(server, 4), Raw(b"bytes", headers={"content-type": "image/png; x=y"}))
    client = AIModelClient(endpoint(server.url))
    image = GeneratedImage(url=f"{server.url}/start", mime_type="image/webp")
    downloaded = world.ask(client, "download", image)
    assert (downloaded.bytes, downloaded.mime_type) == (b"bytes", "image/webp")
    assert server.connections == 1
    server.add_replies(*redirects(server, 5))
    with pytest.raises(ProviderError, match="redirects too often"):
        world.ask(client, "download", image)
    assert len(server.exchanges) == 10
    server.add_replies(Raw(b"bytes", headers={"content-type": "image/png; x=y"}))
    assert world.ask(client, "download", GeneratedImage(url=f"{server.url}/start")).mime_type == "image/png"
    world.close(client)


@pytest.mark.parametrize("answer", [ServerError("down"), file()])
def test_an_upload_that_ended_leaves_room_for_the_next_one(answer: Any) -> None:
    pipeline: Any = ScriptedPipeline(answer)
    with contextlib.suppress(ServerError):
        run(upload_once(pipeline, call_of(), FileContent(data=b"x", mime_type="text/plain"), "key of this test"))
    assert SHARED_UPLOADS.begin("key of this test")
    SHARED_UPLOADS.end("key of this test")
    SHARED_UPLOADS.forget("key of this test")
