"""Skills are uploaded, listed and deleted; files that code wrote are downloaded from where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError, UnsupportedError
from dhenara.ai.testing import FakeServer, Raw
from dhenara.ai.types import FileContent, ImageContent, UploadedSkill
from support.corpus import body_bytes, exchanges
from support.worlds import World, endpoint

CREATED = [one for api in ("skills",) for one in exchanges(api, lambda one: "skill-create" in one["id"])]
SKILL = {"id": "skill_1", "type": "skill", "display_title": "Slides", "latest_version": "7", "created_at": 1772078479}


def client_of(server: FakeServer, provider: str) -> AIModelClient:
    return AIModelClient(endpoint(server.url, provider, "m"))


def reply(body: Any) -> Raw:
    return Raw(body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "slides"
    (root / "scripts").mkdir(parents=True)
    (root / "SKILL.md").write_text("---\nname: slides\n---\n")
    (root / "scripts" / "make.py").write_text("print(1)\n")
    (tmp_path / "secret.txt").write_text("a secret")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "outside").symlink_to(tmp_path)
    return root


@pytest.mark.parametrize(
    ("provider", "path", "beta"), [("anthropic", "/v1/skills", "skills-2025-10-02"), ("openai", "/v1/skills", None)]
)
def test_a_folder_is_uploaded_as_a_skill(
    world: World, server: FakeServer, folder: Path, provider: str, path: str, beta: str | None
) -> None:
    server.add_replies(reply(SKILL))
    skill = world.ask(client_of(server, provider), "upload_skill", folder, name="Slides")
    assert (skill.skill_id, skill.name, skill.version) == ("skill_1", "Slides", "7")
    (sent,) = server.exchanges
    assert (sent.path, sent.headers.get("anthropic-beta")) == (path, beta)
    assert sent.body.count(b'name="files[]"') == 2
    for name in (b'filename="slides/SKILL.md"', b'filename="slides/scripts/make.py"'):
        assert name in sent.body
    assert b"a secret" not in sent.body


@pytest.mark.skipif(not CREATED, reason="the recorded traffic is not available")
@pytest.mark.parametrize("exchange", CREATED, ids=lambda one: one["provider"])
def test_recorded_skills_are_read(exchange: Any, server: FakeServer, folder: Path) -> None:
    server.add_replies(reply(body_bytes(exchange)))
    skill = client_of(server, exchange["provider"]).upload_skill(folder)
    assert skill.skill_id == exchange["expected"]["id"]
    assert (skill.name or "").lower().replace(" ", "-") == "test-capture-skill"
    assert skill.version
    assert skill.created_at is not None
    assert UploadedSkill.model_validate_json(skill.model_dump_json()) == skill


def test_all_pages_of_skills_are_listed(world: World, server: FakeServer) -> None:
    second = {**SKILL, "id": "skill_2"}
    pages = [{"data": [SKILL], "has_more": True, "next_page": "p2"}, {"data": [second], "has_more": False}]
    server.add_replies(*[reply(page) for page in pages])
    skills = world.ask(client_of(server, "anthropic"), "list_skills")
    assert [skill.skill_id for skill in skills] == ["skill_1", "skill_2"]
    assert [one.path for one in server.exchanges] == ["/v1/skills?limit=100", "/v1/skills?limit=100&page=p2"]


def test_a_skill_is_deleted(world: World, server: FakeServer) -> None:
    server.add_replies(reply({"id": "skill_1", "type": "skill_deleted"}), reply({"id": "skill_1", "deleted": True}))
    for provider in ("anthropic", "openai"):
        world.ask(client_of(server, provider), "delete_skill", "skill_1")
    assert [(one.method, one.path) for one in server.exchanges] == [("DELETE", "/v1/skills/skill_1")] * 2


def test_a_folder_without_instructions_is_refused(world: World, server: FakeServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no file SKILL\.md"):
        world.ask(client_of(server, "openai"), "upload_skill", tmp_path)
    assert server.exchanges == []


@pytest.mark.parametrize("provider", ["google_ai", "mistral", "xai"])
def test_providers_without_skills_are_refused(server: FakeServer, folder: Path, provider: str) -> None:
    client = client_of(server, provider)
    for ask in (lambda: client.upload_skill(folder), client.list_skills, lambda: client.delete_skill("skill_1")):
        with pytest.raises(UnsupportedError, match="has no skills"):
            ask()
    assert server.exchanges == []


def test_files_of_code_are_downloaded_from_their_container(world: World, server: FakeServer) -> None:
    server.add_replies(reply(b"PNG"), reply(b"CSV"))
    plot = FileContent(file_id="cfile_1", stored_at="openai", extras={"container_id": "cntr_1"})
    table = FileContent(file_id="file_1", stored_at="anthropic")
    assert world.ask(client_of(server, "openai"), "download_file", plot) == b"PNG"
    assert world.ask(client_of(server, "anthropic"), "download_file", table) == b"CSV"
    assert [one.path for one in server.exchanges] == [
        "/v1/containers/cntr_1/files/cfile_1/content",
        "/v1/files/file_1/content",
    ]


def test_a_file_is_downloaded_only_from_its_own_provider(server: FakeServer) -> None:
    with pytest.raises(ConfigurationError, match="Use a client of anthropic"):
        client_of(server, "openai").download_file(FileContent(file_id="f", stored_at="anthropic"))
    with pytest.raises(ConfigurationError, match="no file_id"):
        client_of(server, "openai").download_file(ImageContent(url="https://a.org/b.png"))
    assert server.exchanges == []


def test_ids_in_paths_are_quoted(server: FakeServer) -> None:
    server.add_replies(reply(b""))
    part = FileContent(file_id="../x", extras={"container_id": "a/b"})
    client_of(server, "openai").download_file(part)
    assert server.exchanges[0].path == "/v1/containers/a%2Fb/files/..%2Fx/content"
