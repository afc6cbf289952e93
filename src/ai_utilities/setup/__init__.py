"""Setting up: a few questions, a `.env` file that works, and one real request that proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dhenara.ai.lazy_package import lazy_package

if TYPE_CHECKING:
    from .questions import PresetAnswers as PresetAnswers
    from .steps import SetupPlan as SetupPlan
    from .wizard import SetupResult as SetupResult, SetupWizard as SetupWizard, run_setup_wizard as run_setup_wizard

__getattr__, __dir__ = lazy_package(
    __name__,
    {
        "PresetAnswers": ".questions",
        "SetupPlan": ".steps",
        "SetupResult": ".wizard",
        "SetupWizard": ".wizard",
        "run_setup_wizard": ".wizard",
    },
)
