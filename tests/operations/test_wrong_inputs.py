"""What is no path, no file or no setting is refused with a typed error before anything is sent."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.conversation import Conversation
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.testing import FakeServer, FakeVectorStores
from dhenara.ai.types import ImageContent, Run
from support.worlds import World, endpoint

NO_PATHS = [None, 5, "", "\0", ["a"], b"a", {}]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    (tmp_path / "odd" / "SKILL.md").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize("given", NO_PATHS, ids=repr)
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_skill_is_a_path(given: Any, provider: str, world: World, server: FakeServer) -> None:
    client = AIModelClient(endpoint(server.url, provider, "m"))
    with pytest.raises(ConfigurationError, match=r"upload_skill\(folder\) takes the path of a folder, not "):
        world.ask(client, "upload_skill", given)
    assert not server.exchanges


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing", "there is no folder "),
        ("file.txt", "there is no folder "),
        ("empty", "is not a skill: it has no file SKILL.md. Write one."),
        ("odd", "is not a skill: it has no file SKILL.md. Write one."),
    ],
)
def test_a_folder_that_is_no_skill_says_why(name: str, problem: str, folder: Path, world: World) -> None:
    client = AIModelClient(endpoint("http://127.0.0.1:1"))
    with pytest.raises(ConfigurationError, match=re.escape(problem)):
        world.ask(client, "upload_skill", folder / name)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="this user may read every file")
def test_a_file_of_a_skill_that_cannot_be_read_is_named(folder: Path, world: World) -> None:
    (folder / "SKILL.md").write_text("---\n")
    (folder / "file.txt").chmod(0)
    with pytest.raises(ConfigurationError, match=r"file\.txt cannot be read"):
        world.ask(AIModelClient(endpoint("http://127.0.0.1:1")), "upload_skill", folder)


@pytest.mark.parametrize("given", [None, 5, "", "\0", ["a"], {}, "~nobody-of-this-name/a"], ids=repr)
def test_a_file_to_upload_is_a_path_bytes_or_a_part(given: Any, world: World, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match=r"not |whole path"):
        world.ask(AIModelClient(endpoint(server.url)), "upload_file", given)
    assert not server.exchanges


@pytest.mark.parametrize("given", [5, "", "\0", ["a"]], ids=repr)
def test_a_download_is_written_to_a_path(given: Any, world: World, server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match=r"download_file\(to_path\) takes the path of a file, not "):
        world.ask(AIModelClient(endpoint(server.url)), "download_file", "file-1", to_path=given)
    assert not server.exchanges


SAVED: dict[str, Callable[[Any], Any]] = {
    "Run.load": Run.load,
    "Run.save": lambda path: Run((), (), "answered", None).save(path),
    "Conversation.save": lambda path: Conversation(AIModelClient(endpoint("http://127.0.0.1:1"))).save(path),
    "Conversation.load": lambda path: Conversation.load(path, AIModelClient(endpoint("http://127.0.0.1:1"))),
    "ImageContent.save": lambda path: ImageContent(data=b"a").save(path),
}


@pytest.mark.parametrize("given", NO_PATHS, ids=repr)
@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_and_loaded_has_a_path(name: str, given: Any) -> None:
    with pytest.raises(ConfigurationError, match="takes the path of a file, not "):
        SAVED[name](given)


@pytest.fixture
def stores(server: FakeServer) -> AIModelClient:
    return AIModelClient(endpoint(server.url))


def ask(world: World, client: AIModelClient, method: str, *given: Any, **settings: Any) -> Any:
    from support.worlds import Blocking

    if isinstance(world, Blocking):
        return getattr(client.vector_stores, method)(*given, **settings)
    return world._start(lambda: getattr(client.vector_stores, f"{method}_async")(*given, **settings))


@pytest.mark.parametrize("given", [None, 5, {"a": 1}, object()], ids=["None", "5", "dict", "object"])
def test_files_for_a_store_are_paths_bytes_or_parts(given: Any, world: World, stores: AIModelClient) -> None:
    with pytest.raises(ConfigurationError, match="files to add must be paths, bytes or parts, not "):
        ask(world, stores, "add", "vs_1", given)


@pytest.mark.parametrize(
    "setting", [{"wait": "long"}, {"wait": True}, {"metadata": "text"}, {"on_progress": 5}], ids=repr
)
def test_settings_of_files_for_a_store_have_their_types(
    setting: dict[str, Any], world: World, stores: AIModelClient, server: FakeServer
) -> None:
    with pytest.raises(ConfigurationError, match=rf"vector_stores\.add\({next(iter(setting))}=\.\.\.\) takes "):
        ask(world, stores, "add", "vs_1", [b"a"], **setting)
    assert not server.exchanges


@pytest.mark.parametrize("most", ["all", -1, True, 1.5])
def test_the_longest_list_is_a_number(most: Any, world: World, stores: AIModelClient, server: FakeServer) -> None:
    for method, given in (("list", ()), ("files", ("vs_1",))):
        with pytest.raises(ConfigurationError, match=r"list\(most=\.\.\.\) takes a number of entries or None"):
            ask(world, stores, method, *given, most=most)
    for method in ("list_files", "list_skills"):
        with pytest.raises(ConfigurationError, match=r"list\(most=\.\.\.\) takes a number of entries or None"):
            world.ask(stores, method, most=most)
    assert not server.exchanges


def test_files_for_a_store_may_come_from_a_generator(folder: Path, world: World) -> None:
    with FakeServer(FakeVectorStores(polls=0), forever=True) as server:
        client = AIModelClient(endpoint(server.url))
        store = ask(world, client, "create", "a")
        added = ask(world, client, "add", store.store_id, (one for one in [folder / "file.txt", "\0", b"b"]))
    assert [file.state for file in added.files] == ["ready", "failed", "ready"]
    assert [file.name for file in added.failed] == ["\0"]


def test_the_engine_reads_no_path_for_ocr() -> None:
    client = AIModelClient("mistral/mistral-ocr-latest", api_key="k")
    with pytest.raises(ConfigurationError, match=r"ocr\(FileContent.from_path\(...\)\)"):
        client.ocr("scan.pdf")  # type: ignore[arg-type]  # what a user of the kit writes
