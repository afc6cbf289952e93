"""Which source wins where two differ, and why: rules, and decisions about single models in decisions.json."""

from __future__ import annotations

import json
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROUNDED = Decimal("0.001")


class Decisions:
    """The decisions of decisions.json."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.rules: dict[str, str] = told["rules"]
        self.models: list[dict[str, Any]] = told["models"]
        self.not_priced: list[dict[str, Any]] = told["unknown"]
        self.wrong: list[dict[str, Any]] = told["left_out"]
        self.dear: list[dict[str, Any]] = told["dear_cache"]

    @classmethod
    def load(cls) -> Decisions:
        return cls(json.loads((HERE / "decisions.json").read_text(encoding="utf-8")))

    def find(self, host: str, model: str, listed: list[dict[str, Any]], unit: str = "") -> dict[str, Any] | None:
        for one in listed:
            fits = one["host"] == host and any(fnmatchcase(model, pattern) for pattern in one["models"])
            if fits and (not unit or unit in one.get("units", (unit,))):
                return one
        return None

    def winner(self, host: str, model: str) -> str:
        """Return the letter of the source that wins for a model; empty if the usual order counts."""
        decision = self.find(host, model, [one for one in self.models if "units" not in one])
        return str(decision["wins"]) if decision else ""

    def unit_winner(self, host: str, model: str, unit: str) -> str:
        """Return the letter of the source that wins for one unit of a model alone."""
        decision = self.find(host, model, [one for one in self.models if "units" in one], unit)
        return str(decision["wins"]) if decision else ""

    def unknown(self, host: str, model: str) -> str:
        """Return why a model has no price although a source has one; empty if nothing speaks against it."""
        decision = self.find(host, model, self.not_priced)
        return str(decision["why"]) if decision else ""

    def dear_cache(self, host: str, model: str) -> bool:
        """Whether cached tokens of a model really cost more than others."""
        return self.find(host, model, self.dear) is not None

    def left_out(self, host: str, model: str, unit: str) -> bool:
        """Whether a rate is left out because it cannot be right."""
        return self.find(host, model, self.wrong, unit) is not None

    def reason(
        self, host: str, model: str, unit: str, winner: str, ours: Decimal, other: str, theirs: Decimal
    ) -> tuple[str, str]:
        """Return rule and reason for which the winner's rate is right; both empty if nobody decided."""
        if abs(ours - theirs) <= max(ours, theirs) * ROUNDED:
            return "rounded", self.rules["rounded"]
        if decision := self.find(host, model, self.models, unit):
            return "decided", str(decision["why"])
        if other == "d":
            return "older", self.rules["older"]
        return "", ""
