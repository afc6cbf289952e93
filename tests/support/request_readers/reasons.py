"""Why what we write may differ from what was recorded: field by field, with the case in which the reason holds."""

from __future__ import annotations

import json
from typing import Any

from support.request_readers.compare import MISSING, Reason


def says_no(recorded: Any, ours: Any) -> bool:
    return recorded is False and ours == MISSING


def silent(recorded: Any, ours: Any) -> bool:
    """What was recorded says nothing, and ours does not say it."""
    return recorded in ("", [], {}, MISSING) and ours in ("", MISSING)


def not_recorded(recorded: Any, ours: Any) -> bool:
    return recorded == MISSING


def not_ours(recorded: Any, ours: Any) -> bool:
    return ours == MISSING


def a_success(recorded: Any, ours: Any) -> bool:
    return recorded == "success" and ours == MISSING


def same_json(recorded: Any, ours: Any) -> bool:
    return bool(json.loads(recorded) == json.loads(ours))


def same_word(recorded: Any, ours: Any) -> bool:
    return bool(str(recorded).lower() == str(ours).lower())


def one_in_a_list(recorded: Any, ours: Any) -> bool:
    return bool([recorded] == ours)


def without_tags(recorded: Any, ours: Any) -> bool:
    """The same words, once the thinking between tags is taken away."""
    words = str(recorded).split("</think>")[-1].strip()
    return words == ("" if ours == MISSING else str(ours).strip())


def without_blanks(recorded: Any, ours: Any) -> bool:
    return [part for part in recorded if part.get("text", "words").strip()] == ours


def without_empty_turns(recorded: Any, ours: Any) -> bool:
    """Empty turns of the model are left out; users' words around them are then one turn."""
    return len(recorded) > len(ours)


def starts_with_a_user(recorded: Any, ours: Any) -> bool:
    return recorded[0]["role"] == "assistant" and ours[1:] == recorded


def a_system_turn_in_the_middle(recorded: Any, ours: Any) -> bool:
    return "system" in [turn["role"] for turn in recorded]


def words_between(recorded: Any, ours: Any) -> bool:
    return [turn["role"] for turn in recorded] == [t["role"] for t in ours if t.get("content") != "."]


def without_unsealed_thinking(recorded: Any, ours: Any) -> bool:
    """Thinking that was only named, and all the rest."""
    unsealed = [item for item in recorded if item.get("type") == "reasoning" and not item.get("encrypted_content")]
    return bool(unsealed) and len(recorded) - len(unsealed) == len(ours)


def one_address(recorded: Any, ours: Any) -> bool:
    return bool(recorded == {"url": ours})


def a_chunk_of_text(recorded: Any, ours: Any) -> bool:
    return ours == [{"type": "text", "text": "".join(part["text"] for part in recorded)}]


FALSE_IS_THE_DEFAULT = "what is not streamed is not said to be: false is the default"
NO_WORDS = 'an answer without words beside its calls has none; null or "" say the same'
UNKNOWN_SERVER = "servers that nobody knows hear no thinking: they may refuse the field"

REASONS: dict[str, tuple[Reason, ...]] = {
    "openai_chat": (
        Reason("stream", FALSE_IS_THE_DEFAULT, says_no),
        Reason("stream_options", "counts are always asked for where they must be", not_recorded),
        Reason("stop", "one stop word is a list of one", one_in_a_list),
        Reason("messages.content", NO_WORDS, silent),
        Reason("messages.content", "Groq and others hear thinking in its own field, not in the words", without_tags),
        Reason("messages", "a turn of the model that says nothing is left out", without_empty_turns),
        Reason("messages.prefix", "false is the default", says_no),
        Reason("messages.tool_calls.index", "places of pieces in a stream mean nothing in a history", not_ours),
        Reason("messages.reasoning", UNKNOWN_SERVER, not_ours),
        Reason("messages.reasoning", "thinking goes back in its own field", not_recorded),
        Reason("messages.reasoning_content", f"{UNKNOWN_SERVER}; one field is enough for others", not_ours),
        Reason("messages.reasoning_content", "turns with calls must have the field there, even empty", not_recorded),
        Reason("messages.reasoning_details", UNKNOWN_SERVER, not_ours),
        Reason("messages.content.thinking", "thinking goes back as one chunk that names its kind", a_chunk_of_text),
        Reason("messages.content.image_url", "Mistral takes the bare address too", one_address),
        Reason("tools.type", "a function is what a tool is by default", not_recorded),
        Reason("tools.function.strict", "strictness there needs another address; it is a warning", not_ours),
        Reason("tool_choice.type", "a function is what is chosen by default", not_recorded),
        Reason("tools.function.parameters*.additionalProperties", "strict calls want closed objects", not_recorded),
        Reason("tools.function.parameters.properties.level.*", "OpenAPI's nullable is said as one more alternative"),
        Reason("messages", "the model says something between a tool's result and the user", words_between),
        Reason("response_format.json_schema.strict", "answers are held to shapes unless told not to", not_recorded),
    ),
    "anthropic": (
        Reason("stream", FALSE_IS_THE_DEFAULT, says_no),
        Reason("messages.content.is_error", "false is the default", says_no),
        Reason(
            "messages.content.cache_control", "marks on the model's own words are not kept by reading them", not_ours
        ),
        Reason("messages", "a conversation begins with the user", starts_with_a_user),
        Reason("messages", "what the system says in the middle is said by the user", a_system_turn_in_the_middle),
        Reason("thinking", "models with budgets do not think unless they are told to", not_ours),
        Reason("thinking.*", "this model takes an effort instead of the budget; it is a warning"),
        Reason("output_config", "as above", not_recorded),
    ),
    "gemini": (
        Reason("systemInstruction.role", "instructions have no speaker", not_ours),
        Reason("contents", "empty texts are refused by other versions of the service", without_empty_turns),
        Reason("contents", "a conversation of nothing but empty texts has no turns", lambda r, o: o == MISSING),
        Reason("generationConfig.thinkingConfig.thinkingLevel", "levels are told in either case", same_word),
        Reason("generationConfig.thinkingConfig.*", "this model takes a level instead of the budget; it is a warning"),
        Reason(
            "toolConfig.functionCallingConfig", "how to call is only said where there is something to call", not_ours
        ),
        Reason("model", "the model stands in the address", not_ours),
    ),
    "converse": (
        Reason(
            "messages.content.toolResult.status",
            "success is the default",
            lambda r, o: r == "success" and not_ours(r, o),
        ),
        Reason("messages.content.*.toolUseId", "ids are only of letters, digits, _ and -, as the documents insist"),
        Reason("messages.content", "blank texts are refused by most models", without_blanks),
        Reason("messages", "a conversation begins with the user", starts_with_a_user),
        Reason("inferenceConfig*", "a budget needs a limit above it", not_recorded),
        Reason("outputConfig.*.schema", "the same schema, written without blanks", same_json),
    ),
    "cohere": (Reason("messages.content", NO_WORDS, silent),),
    "openai_responses": (
        Reason("stream", FALSE_IS_THE_DEFAULT, says_no),
        Reason("store", "nothing is stored unless the options say so", not_recorded),
        Reason("instructions", "empty instructions are none", silent),
        Reason("reasoning.summary", "whoever asks for thinking wants to see some of it", not_recorded),
        Reason("include", "thinking is asked for sealed, so that the next turn can hear it", not_recorded),
        Reason("tools.strict", "strictness is the default there, and is off unless it is asked for", not_recorded),
        Reason("input", "thinking that is not sealed is only known where it was stored", without_unsealed_thinking),
    ),
}
