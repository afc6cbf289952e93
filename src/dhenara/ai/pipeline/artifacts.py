"""Files of each call for debugging: messages, request, response, as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DhenaraError
from ..types.config.call import Call
from ..types.config.call_policies import ArtifactConfig
from ..wire.secrets import conceal_provider_options, mask
from .middleware import Encoder, Send
from .streaming.stream import Stream

log = logging.getLogger("dhenara")


async def record_call(call: Call, send: Send, encoder: Encoder, config: ArtifactConfig) -> Stream:
    """Send the call, and write what was sent and what arrived."""
    folder = Path(str(config.artifact_root)).expanduser().joinpath(config.prefix or "", "dai")
    if config.capture_dhenara_request:
        write_file(folder / "dai_request.json", call_facts(call))
    if config.capture_provider_request:
        write_file(folder / "dai_provider_request.json", await request_body(call, encoder))
    stream = await send(call)

    async def write_response(ended: Stream) -> None:
        answer = ended.partial()
        body = answer.extras.get("provider_response")
        if config.capture_provider_response and body is not None:
            write_file(folder / "dai_provider_response.json", body)
        if config.capture_dhenara_response:
            whole = ended.result() or answer
            shown = whole.model_dump(mode="json", exclude_none=True)
            shown.get("extras", {}).pop("provider_response", None)
            write_file(folder / "dai_response.json", shown)

    stream.on_end(write_response)
    return stream


def call_facts(call: Call) -> dict[str, Any]:
    """Return the call as it was made, without credentials."""
    return {
        "provider": str(call.endpoint.api.provider),
        "model": call.endpoint.ai_model.model_name,
        "operation": call.operation,
        "instructions": list(call.instructions),
        "messages": [message.model_dump(mode="json", exclude_defaults=True) for message in call.messages],
        "config": call.config.model_dump(mode="json", exclude_unset=True),
    }


async def request_body(call: Call, encoder: Encoder) -> Mapping[str, Any]:
    """Return the body that is sent, with its secrets masked; sending raises the error of one that cannot be encoded."""
    try:
        exchange = await encoder.exchange(call)
    except DhenaraError as error:
        return {"error": str(error)}
    masked: Mapping[str, Any] = mask(conceal_provider_options(dict(exchange.body)))
    return masked


def write_file(path: Path, content: object) -> None:
    """Write a JSON file; a file that cannot be written is logged, because the call matters more."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False, default=str), encoding="utf-8")
    except (OSError, ValueError, TypeError) as error:
        log.warning("the artifact %s was not written: %s", path, type(error).__name__)
