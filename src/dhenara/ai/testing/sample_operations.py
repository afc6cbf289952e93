"""Sample results of operations other than chat, in the format of each provider; speech is a tone."""

from __future__ import annotations

import base64
import json
import math
import re
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..wire.media_types import write_wav
from .answer import Raw, ReceivedRequest, Step

SPEECH = re.compile(r"/(audio/speech|tts|speak)$")
TRANSCRIPT = re.compile(r"/(audio/transcriptions|audio/translations|stt|listen)$")
SAMPLE_TRANSCRIPT = "Hello there."
WORDS = [
    {"word": "Hello", "text": "Hello", "start": 0.0, "end": 0.5},
    {"word": "there.", "text": "there.", "start": 0.5, "end": 1.0},
]
SEGMENTS = [{"id": 0, "start": 0.0, "end": 1.0, "text": " Hello there.", "speaker": "A"}]


def is_audio_path(path: str) -> bool:
    bare = path.partition("?")[0]
    return bool(SPEECH.search(bare) or TRANSCRIPT.search(bare))


def sample_audio(request: ReceivedRequest) -> Raw | None:
    """Return the reply to an audio request, or None for other requests."""
    bare = request.path.partition("?")[0]
    if SPEECH.search(bare):
        return speech_reply(request)
    if bare.endswith("/listen"):
        return Raw(json.dumps(transcript_result()).encode())
    if TRANSCRIPT.search(bare):
        transcript = {
            "text": SAMPLE_TRANSCRIPT,
            "duration": 1.0,
            "language": "english",
            "segments": SEGMENTS,
            "words": WORDS,
        }
        return Raw(json.dumps(transcript).encode())
    return None


def speech_reply(request: ReceivedRequest) -> Raw:
    """Return speech of 0.05 s per character; Voxtral's is inside JSON."""
    fields = request.json
    sound = wav_tone(len(fields.get("input") or fields.get("text") or "") / 20)
    if str(fields.get("model")).startswith("voxtral"):
        return Raw(json.dumps({"audio_data": base64.b64encode(sound).decode()}).encode())
    return Raw(sound, headers={"content-type": "audio/wav"})


def wav_tone(seconds: float = 1.0, rate: int = 8000, pitch: float = 440.0) -> bytes:
    """Return a WAV file with one tone."""
    turns = (math.sin(2 * math.pi * pitch * n / rate) for n in range(int(seconds * rate)))
    return write_wav(b"".join(struct.pack("<h", int(12_000 * turn)) for turn in turns), rate)


def transcript_result() -> dict[str, object]:
    received = {
        "transcript": SAMPLE_TRANSCRIPT,
        "confidence": 0.99,
        "words": [{**w, "punctuated_word": w["word"]} for w in WORDS],
    }
    word = {"start": 0.0, "end": 1.0, "transcript": SAMPLE_TRANSCRIPT, "speaker": 0}
    return {
        "metadata": {"request_id": "r-1", "duration": 1.0, "model_info": {"1": {"name": "nova"}}},
        "results": {"channels": [{"alternatives": [received]}], "utterances": [word]},
    }


Wire = dict[str, Any]
SIZE = re.compile(r"(\d+)x(\d+)")


@dataclass(frozen=True, slots=True)
class SampleOperations:
    """Generates results: vectors from the letters of a text, rankings by shared words, one-colour images and so on.

    Equal requests have equal results.

    Attributes:
        dimensions: Length of vectors, if the request names none. Default 8.
    """

    dimensions: int = 8

    def steps(self, request: ReceivedRequest) -> Iterable[Step]:
        sound = sample_audio(request)
        if sound is not None:
            return sound.steps(request)
        sample = find_sample(request.path)
        if sample is None:
            error = json.dumps({"error": {"message": f"unknown path {request.path}", "code": "not_found"}})
            return Raw(error.encode(), 404).steps(request)
        is_json = not getattr(request, "headers", {}).get("content-type", "").startswith("multipart/")
        return Raw(json.dumps(sample(request.json if is_json else {}, self.dimensions)).encode()).steps(request)


def is_operation(path: str) -> bool:
    """Return whether the path belongs to an operation other than chat."""
    return is_audio_path(path) or find_sample(path) is not None


def find_sample(path: str) -> Callable[[Wire, int], Wire] | None:
    bare = path.partition("?")[0]
    return next((make for pattern, make in ANSWERS if pattern.search(bare)), None)


def sample_vector(text: str, dimensions: int) -> list[float]:
    """Return a vector of letter counts, exact as 32-bit floats so that every encoding gives equal values."""
    counts = [0.0] * dimensions
    for letter in text.lower():
        counts[ord(letter) % dimensions] += 1.0
    return [count / 64 for count in counts]


def embeddings(request: Wire, dimensions: int) -> Wire:
    texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
    size = request.get("dimensions") or request.get("output_dimension") or dimensions
    made: list[Any] = [sample_vector(text, size) for text in texts]
    if request.get("encoding_format") == "base64":
        made = [base64.b64encode(struct.pack(f"<{size}f", *one)).decode() for one in made]
    data = [{"object": "embedding", "index": n, "embedding": one} for n, one in enumerate(made)]
    used = sum(map(word_count, texts))
    return {"id": "embd-1", "object": "list", "data": data, "model": request["model"], "usage": usage_fields(used)}


def ollama_embeddings(request: Wire, dimensions: int) -> Wire:
    size = request.get("dimensions") or dimensions
    used = sum(map(word_count, request["input"]))
    made = [sample_vector(text, size) for text in request["input"]]
    return {"model": request["model"], "embeddings": made, "prompt_eval_count": used}


def gemini_embeddings(request: Wire, dimensions: int) -> Wire:
    parts = [(one["content"]["parts"][0], one.get("outputDimensionality")) for one in request["requests"]]
    question = [(part.get("text") or json.dumps(part), size) for part, size in parts]
    used = sum(word_count(text) for text, _ in question)
    made = [{"values": sample_vector(text, size or dimensions)} for text, size in question]
    return {"embeddings": made, "usageMetadata": {"promptTokenCount": used}}


def cohere_embeddings(request: Wire, dimensions: int) -> Wire:
    texts = request.get("texts") or list(map(json.dumps, request.get("inputs") or ()))
    made = [sample_vector(text, request.get("output_dimension") or dimensions) for text in texts]
    billed = {"billed_units": {"input_tokens": sum(map(word_count, texts))}}
    data = {"id": "embed-1", "response_type": "embeddings_by_type", "texts": texts}
    return {**data, "embeddings": {"float": made}, "meta": billed}


def titan_embedding(request: Wire, dimensions: int) -> Wire:
    made = sample_vector(request["inputText"], request.get("dimensions") or dimensions)
    return {"embedding": made, "inputTextTokenCount": word_count(request["inputText"])}


def nova_embedding(request: Wire, dimensions: int) -> Wire:
    question = request["singleEmbeddingParams"]
    kind = next(name for name in ("text", "image", "audio", "video") if name in question)
    text = question[kind].get("value") or json.dumps(question[kind])
    made = sample_vector(text, question.get("embeddingDimension") or dimensions)
    return {"embeddings": [{"embeddingType": kind.upper(), "embedding": made}]}


def embedded_content(request: Wire, dimensions: int) -> Wire:
    part = request["content"]["parts"][0]
    text = part.get("text") or json.dumps(part)
    size = request.get("embedContentConfig", {}).get("outputDimensionality") or dimensions
    return {"embedding": {"values": sample_vector(text, size)}, "usageMetadata": {"promptTokenCount": word_count(text)}}


def seen_embeddings(request: Wire, dimensions: int) -> Wire:
    texts = [one["content"][0].get("text") or json.dumps(one) for one in request["inputs"]]
    return embeddings({**request, "input": texts}, dimensions)


def predictions(request: Wire, dimensions: int) -> Wire:
    instances, parameters = request["instances"], request.get("parameters") or {}
    if "prompt" in instances[0]:
        one = {"bytesBase64Encoded": base64.b64encode(png()).decode(), "mimeType": "image/png"}
        return {"predictions": [one] * parameters.get("sampleCount", 1)}
    size = parameters.get("outputDimensionality") or dimensions
    made = [
        {"values": sample_vector(one["content"], size), "statistics": {"token_count": word_count(one["content"])}}
        for one in instances
    ]
    return {"predictions": [{"embeddings": one} for one in made]}


def rerank_result(request: Wire, dimensions: int) -> Wire:
    scores = score_documents(request["query"], request["documents"])
    results = [{"index": n, "relevance_score": score} for score, n in scores[: request.get("top_n") or len(scores)]]
    if "top_k" in request or request["model"].startswith("rerank-2"):
        return {
            "object": "list",
            "data": results[: request.get("top_k")],
            "model": request["model"],
            "usage": usage_fields(9),
        }
    return {"id": "rerank-1", "results": results, "meta": {"billed_units": {"search_units": 1}}}


def score_documents(query: str, documents: list[str]) -> list[tuple[float, int]]:
    """Return scores by the share of query words in each document, best first."""
    request = set(query.lower().split())
    scores = [(len(request & set(text.lower().split())) / (len(request) or 1), n) for n, text in enumerate(documents)]
    return sorted(scores, key=lambda one: (-one[0], one[1]))


def moderation_result(request: Wire, dimensions: int) -> Wire:
    text = request["input"]
    inputs = [text] if isinstance(text, str) or not all(isinstance(one, str) for one in text) else text
    return {"id": "modr-1", "model": request["model"], "results": [judge_text(json.dumps(one)) for one in inputs]}


def judge_text(text: str) -> Wire:
    """Flag texts that contain "kill" as violence."""
    hit = "kill" in text.lower()
    scores = {"violence": 0.98 if hit else 0.01, "hate": 0.01}
    return {"flagged": hit, "categories": {"violence": hit, "hate": False}, "category_scores": scores}


def count(request: Wire, dimensions: int) -> Wire:
    used = word_count(json.dumps(request))
    return {"input_tokens": used, "totalTokens": used, "inputTokens": used}


def ocr_pages(request: Wire, dimensions: int) -> Wire:
    numbers = request.get("pages") or [0]
    made = [
        {
            "index": n,
            "markdown": f"# Page {n + 1}",
            "images": [],
            "dimensions": {"dpi": 72, "width": 595, "height": 842},
        }
        for n in numbers
    ]
    return {"model": request["model"], "pages": made, "usage_info": {"pages_processed": len(made)}}


def image_result(request: Wire, dimensions: int) -> Wire:
    width, height = map(int, result.groups()) if (result := SIZE.match(request.get("size") or "")) else (64, 64)
    one: Wire = {"revised_prompt": request.get("prompt")}
    if request.get("response_format") == "url":
        one["url"] = "https://pictures.example/1.png"
    else:
        one["b64_json"] = base64.b64encode(png(width, height)).decode()
    return {"created": 1, "data": [one] * (request.get("n") or 1)}


def png(width: int = 64, height: int = 64) -> bytes:
    """Return an image of one colour."""
    rows = zlib.compress((b"\x00" + b"\x30\x90\xd0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in ((b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def word_count(text: str) -> int:
    return len(text.split())


def usage_fields(tokens: int) -> Wire:
    return {"prompt_tokens": tokens, "total_tokens": tokens}


ANSWERS: list[tuple[re.Pattern[str], Callable[[Wire, int], Wire]]] = [
    (re.compile(r"/v2/embed$|cohere\.embed[^/]*/invoke$"), cohere_embeddings),
    (re.compile(r"titan-embed[^/]*/invoke$"), titan_embedding),
    (re.compile(r"nova[^/]*embed[^/]*/invoke$"), nova_embedding),
    (re.compile(r":embedContent$"), embedded_content),
    (re.compile(r"/multimodalembeddings$"), seen_embeddings),
    (re.compile(r"/api/embed$"), ollama_embeddings),
    (re.compile(r":batchEmbedContents$"), gemini_embeddings),
    (re.compile(r":predict$"), predictions),
    (re.compile(r"/embeddings$"), embeddings),
    (re.compile(r"/rerank$"), rerank_result),
    (re.compile(r"/moderations$"), moderation_result),
    (re.compile(r"/(count_tokens|input_tokens|count-tokens)$|:countTokens$"), count),
    (re.compile(r"/ocr$"), ocr_pages),
    (re.compile(r"/images/(generations|edits|variations)$"), image_result),
]
