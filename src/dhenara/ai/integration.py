"""Public functions for packages that are built on the engine, such as `ai_utilities`.

They look up providers, mask secrets, and add up usage and costs. Programs that only call models do not need them.
"""

from __future__ import annotations

from .catalog.capabilities import check_chats, kind_of_endpoint
from .config import environment, read_routes_file, read_variable
from .output_files import check_output, move_output, open_output, write_output
from .pipeline.call_log import call_texts, stored_error_text
from .pipeline.middleware import add_call_tags, missing_stream
from .providers.credentials import key_fingerprint
from .providers.model_names import (
    ModelName,
    misspelt_provider,
    named_provider,
    names_other_provider,
    read_model_name,
    read_next_model_name,
)
from .providers.operation_routes import operation_of, why_not_offered
from .providers.provider import find_provider
from .providers.provider_names import did_you_mean, fold_name, known_names, provider_name, quote_name
from .providers.target import resolve
from .types.chat.cost import COST, add_costs, unique
from .types.chat.response import ANSWER, CHOICE
from .types.chat.usage import REPORTED, add_usages
from .types.config.call import CallJournal
from .types.config.model import FunctionalType
from .types.config.name_hints import REQUEST_HINTS, hints
from .types.config.other_names import ALTERNATIVE_NAMES, describe_unknown, refuse_streaming, use_own_names
from .types.content.media import PLAIN_TEXT
from .types.display import PlainText, ShortRepr, Shown, not_empty, number_of, short_repr
from .types.model_base import CheckedModel, InvalidValueError, ModelTemplate, expected_value, require_type
from .wire.limits import LimitKind, read_limit_headers, reset_seconds
from .wire.media_types import Wav, audio_type, read_wav, write_wav
from .wire.secrets import (
    SecretAddress,
    SecretText,
    conceal,
    conceal_options,
    conceals_its_options,
    is_key,
    mask,
    redact_secrets,
    shown_address,
    with_secret_options,
)
from .wire.text import texts_in, without_contents

__all__ = [
    "ALTERNATIVE_NAMES",
    "ANSWER",
    "CHOICE",
    "COST",
    "PLAIN_TEXT",
    "REPORTED",
    "REQUEST_HINTS",
    "CallJournal",
    "CheckedModel",
    "FunctionalType",
    "InvalidValueError",
    "LimitKind",
    "ModelName",
    "ModelTemplate",
    "PlainText",
    "SecretAddress",
    "SecretText",
    "ShortRepr",
    "Shown",
    "Wav",
    "add_call_tags",
    "add_costs",
    "add_usages",
    "audio_type",
    "call_texts",
    "check_chats",
    "check_output",
    "conceal",
    "conceal_options",
    "conceals_its_options",
    "describe_unknown",
    "did_you_mean",
    "environment",
    "expected_value",
    "find_provider",
    "fold_name",
    "hints",
    "is_key",
    "key_fingerprint",
    "kind_of_endpoint",
    "known_names",
    "mask",
    "missing_stream",
    "misspelt_provider",
    "move_output",
    "named_provider",
    "names_other_provider",
    "not_empty",
    "number_of",
    "open_output",
    "operation_of",
    "provider_name",
    "quote_name",
    "read_limit_headers",
    "read_model_name",
    "read_next_model_name",
    "read_routes_file",
    "read_variable",
    "read_wav",
    "redact_secrets",
    "refuse_streaming",
    "require_type",
    "reset_seconds",
    "resolve",
    "short_repr",
    "shown_address",
    "stored_error_text",
    "texts_in",
    "unique",
    "use_own_names",
    "why_not_offered",
    "with_secret_options",
    "without_contents",
    "write_output",
    "write_wav",
]
