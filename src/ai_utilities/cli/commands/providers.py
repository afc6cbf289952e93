"""`ai-utilities providers`: list providers, their variables and their state."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from dhenara.ai.integration import shown_address

from ..flags import EnvFileFlag
from ..streams import show


def register_providers(app: typer.Typer) -> None:
    app.command("providers")(providers)


def providers(
    ready: Annotated[bool, typer.Option("--ready", help="Only providers that are ready to use.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    env_file: EnvFileFlag = None,
) -> None:
    """List the providers.

    Shows the variables for their API keys, and whether they are set.
    """
    from ..clients import settings_for
    from ..output import table

    rows = [provider_row(name, settings_for(env_file=env_file)) for name in provider_names()]
    shown = [facts for facts in rows if facts["ready"] or not ready]
    if as_json:
        show(json.dumps(shown, indent=2))
        return
    cells = [(f["name"], f["key_variable"], f["state"], f["address"]) for f in shown]
    show(table(("provider", "key in", "state", "address"), cells))


def provider_names() -> list[str]:
    from ...providers.factory import list_providers

    return list_providers()


def provider_row(name: str, settings: Any) -> dict[str, Any]:
    """The facts of one provider, for the table and for JSON."""
    from ...config_resolver import ConfigurationResolver
    from ...providers.defaults import is_reachable, server_address
    from ...providers.facts import EMBEDDED, facts_of

    facts = facts_of(name)
    variables = ConfigurationResolver(settings).variables()
    variable = next((key for key in facts.key if variables.get(key)), None)
    address = server_address(facts, variables)
    if variable is not None:
        state = f"{variable} is set"
    elif facts.needs_key:
        state = "no key"
    elif facts.name != EMBEDDED and address is None:
        state = f"set {facts.base_url[0]}"
    elif address is None:
        state = "ready"
    else:
        state = "answers" if is_reachable(address) else "not running"
    return {
        "name": facts.name,
        "key_variable": facts.key[0] if facts.key else None,
        "state": state,
        "ready": state in ("ready", "answers") or variable is not None,
        "address": shown_address(address or facts.address or "") or None,
    }
