"""Routes for operations that many providers offer in the same format."""

from __future__ import annotations

from ...codecs.operations.audio import SpeechQuirks, TranscriptionQuirks
from ...codecs.operations.batch import BatchQuirks
from ...codecs.operations.files import FileQuirks
from ...codecs.operations.operation import EmbeddingQuirks, ImageQuirks, ModerationQuirks, OcrQuirks, RerankQuirks
from ..provider import Route

EMBEDDING_PARAMS = {"dimensions": "dimensions", "user": "user"}


def embeddings(quirks: EmbeddingQuirks | None = None) -> Route:
    """Embeddings in OpenAI's format."""
    return Route("openai_rest.embeddings", quirks or EmbeddingQuirks(params=EMBEDDING_PARAMS), operation="embed")


# As numbers: not every compatible server supports packed vectors, and some reject the parameter.
PLAIN_EMBEDDINGS = embeddings(EmbeddingQuirks(params=EMBEDDING_PARAMS, most_texts=256, encoding="float"))


def rerank(quirks: RerankQuirks | None = None) -> Route:
    """Reranking in Cohere's format."""
    return Route("openai_rest.rerank", quirks or RerankQuirks(), operation="rerank")


def moderations(quirks: ModerationQuirks | None = None) -> Route:
    return Route("openai_rest.moderations", quirks or ModerationQuirks(), operation="moderate")


def ocr(quirks: OcrQuirks | None = None) -> Route:
    """OCR in Mistral's format."""
    return Route("openai_rest.ocr", quirks or OcrQuirks(), operation="ocr")


def images(quirks: ImageQuirks | None = None, models: str = "*") -> Route:
    """Image generation in OpenAI's format."""
    return Route("openai_rest.images", quirks or ImageQuirks(), models, operation="image")


HEARING_PARAMS = {"language": "language", "prompt": "prompt", "temperature": "temperature"}
SPEECH_PARAMS = {"voice": "voice", "format": "response_format", "speed": "speed", "instructions": "instructions"}
WHISPER = TranscriptionQuirks(params=HEARING_PARAMS, translations_path="/audio/translations")


def transcriptions(quirks: TranscriptionQuirks = WHISPER, models: str = "*") -> Route:
    """Transcription in OpenAI's format."""
    return Route("openai_rest.transcription", quirks, models, operation="transcribe")


def speech(quirks: SpeechQuirks | None = None, models: str = "*") -> Route:
    """Speech synthesis in OpenAI's format."""
    return Route("openai_rest.speech", quirks or SpeechQuirks(params=SPEECH_PARAMS), models, operation="speak")


def files(quirks: FileQuirks) -> Route:
    """Files in OpenAI's format."""
    return Route("openai_rest.files", quirks, operation="files")


BATCHES = Route("openai_rest.batches", BatchQuirks(), operation="batches")
