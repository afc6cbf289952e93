"""What the doctor finds: one line each."""

from __future__ import annotations

from typing import Literal

from dhenara.ai.dataclass import dataclass

Health = Literal["ok", "warning", "failure"]
MARKS: dict[Health, str] = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`fix` says what to do, where something is to be done."""

    what: str
    health: Health
    seen: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f"\n{'':>9}{'':<18}-> {self.fix}" if self.fix else ""
        return f"{MARKS[self.health]}  {self.what:<18}{self.seen}{fix}"


def passed(what: str, seen: str) -> CheckResult:
    return CheckResult(what, "ok", seen)


def warning(what: str, seen: str, fix: str = "") -> CheckResult:
    return CheckResult(what, "warning", seen, fix)


def failed(what: str, seen: str, fix: str = "") -> CheckResult:
    return CheckResult(what, "failure", seen, fix)
