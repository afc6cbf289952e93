"""Paths, bodies and the place of the text in each protocol, for the contestants that use no library."""

PROMPT = "What is the capital of France?"
MESSAGES = [{"role": "user", "content": PROMPT}]
CONTENTS = [{"role": "user", "parts": [{"text": PROMPT}]}]

PATHS = {
    "chat": ("/v1/chat/completions", "/v1/chat/completions"),
    "responses": ("/v1/responses", "/v1/responses"),
    "anthropic": ("/v1/messages", "/v1/messages"),
    "gemini": ("/v1beta/models/bench:generateContent", "/v1beta/models/bench:streamGenerateContent?alt=sse"),
}
BODIES = {
    "chat": {"model": "bench", "messages": MESSAGES},
    "responses": {"model": "bench", "input": PROMPT},
    "anthropic": {"model": "bench", "max_tokens": 1000, "messages": MESSAGES},
    "gemini": {"contents": CONTENTS},
}


def streamed_body(protocol):
    return BODIES[protocol] if protocol == "gemini" else {**BODIES[protocol], "stream": True}


def chat_text(event):
    return event["choices"][0]["delta"].get("content", "")


def responses_text(event):
    return event["delta"] if event["type"] == "response.output_text.delta" else ""


def anthropic_text(event):
    return event["delta"]["text"] if event["type"] == "content_block_delta" else ""


def gemini_text(event):
    return event["candidates"][0]["content"]["parts"][0]["text"]


def whole_chat_text(answer):
    return answer["choices"][0]["message"]["content"]


def whole_responses_text(answer):
    return answer["output"][0]["content"][0]["text"]


def whole_anthropic_text(answer):
    return answer["content"][0]["text"]


EVENT_TEXTS = {"chat": chat_text, "responses": responses_text, "anthropic": anthropic_text, "gemini": gemini_text}
WHOLE_TEXTS = {
    "chat": whole_chat_text,
    "responses": whole_responses_text,
    "anthropic": whole_anthropic_text,
    "gemini": gemini_text,
}
