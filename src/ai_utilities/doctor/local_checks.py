"""Checks of this machine: installed extras, the embedded model, and files of stores."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from dhenara.ai.diagnosis import embedded_model

from ..config.paths import cache_path, state_path
from ..config_models import AiSettings
from .provider_checks import CheckResult, failed, passed

WHAT = "embedded model"
FIX = "ai-utilities local install"


def check_embedded(wanted: bool) -> Iterator[CheckResult]:
    """A failure only for whoever wants to ask it; nobody else has to have it."""
    match = embedded_model()
    if match.problem is None:
        yield passed(WHAT, f"{match.name} is there and whole, llama.cpp is {match.runner}")
    elif wanted:
        yield failed(WHAT, match.problem, FIX)
    else:
        yield CheckResult(WHAT, "ok", match.problem, f"only if you want a model without a key: {FIX}")


REQUIREMENT = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+).*extra == ['\"](?P<extra>[^'\"]+)['\"]")


def check_extras() -> Iterator[CheckResult]:
    """One line for all that are there, one for those that are not."""
    there: list[str] = []
    missing: list[str] = []
    for extra, names in sorted(extras().items()):
        (there if all(map(is_installed, names)) else missing).append(extra)
    yield passed("extras", f"installed: {', '.join(there) or 'none'}")
    if missing:
        fix = f"only if you need them: python -m pip install 'dhenara[{','.join(missing)}]'"
        yield CheckResult("extras", "ok", f"not installed: {', '.join(missing)}", fix)


def extras() -> dict[str, list[str]]:
    """Extra to the packages it stands for."""
    result: dict[str, list[str]] = {}
    try:
        declared = requires("dhenara") or []
    except PackageNotFoundError:
        declared = []
    for line in declared:
        match = REQUIREMENT.match(line)
        if match:
            result.setdefault(match["extra"], []).append(match["name"])
    return result


def is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class StoreFile:
    """One file; `kind` and `path` are the settings that name it, `usual` is where it is otherwise."""

    what: str
    kind: str
    path: str
    usual: Callable[[str], Path]
    wanted: Callable[[AiSettings], object]


STORES = (
    StoreFile("cache", "cache_backend", "cache_path", cache_path, lambda settings: settings.cache_enabled),
    StoreFile("usage", "usage_store", "usage_path", state_path, lambda settings: settings.usage_tracking),
    StoreFile("limits", "limit_store", "limit_path", state_path, lambda settings: settings.budget_usd),
)


def check_stores(settings: AiSettings) -> Iterator[CheckResult]:
    """Files must be writable, or their folders, where there is no file yet."""
    for store in STORES:
        text: Path | None = getattr(settings, store.path)
        if text is None and not (getattr(settings, store.kind) == "sqlite" and store.wanted(settings)):
            continue
        fix = f"give yourself the right, or set AI_{store.path.upper()}"
        try:
            path = text or store.usual(f"{store.what}.sqlite")
        except OSError as error:
            yield failed(store.what, f"there is no place to keep it: {error}", fix)
            continue
        if os.access(path if path.exists() else nearest_folder(path), os.W_OK):
            yield passed(store.what, f"{path} can be written")
        else:
            yield failed(store.what, f"{path} cannot be written", fix)


def nearest_folder(path: Path) -> Path:
    """The folder that would have to hold it, or hold its folders."""
    return next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
