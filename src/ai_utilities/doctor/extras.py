"""Which optional parts are installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from .check_result import CheckResult, passed

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
