"""Keyword options of the operations other than `ask`: the engine's, and those that the kit adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict

from dhenara.ai.types import (
    BatchSettings,
    CallSettings,
    CountSettings,
    EmbedSettings,
    OcrSettings,
    RerankSettings,
    SpeakSettings,
    TranscribeSettings,
    UploadSettings,
)

if TYPE_CHECKING:
    from dhenara.ai import MessageLike
    from dhenara.ai.types import ImageContent

    from ..audio.info import UnfinishedTranscriptError
    from ..providers.base_provider import BaseProvider
    from .ask_options import File


class ProviderOptions(TypedDict, total=False):
    """Options of calls that have no model, such as those about files."""

    provider: str | BaseProvider | None
    """Provider of this call: a name, or a `BaseProvider`. Default: the client's."""

    tags: Mapping[str, str] | None
    """Tags for the usage ledger. Default: none."""


class KitOptions(ProviderOptions, total=False):
    """Options that the kit adds to the engine's options of an operation."""

    model: str | None
    """Model of this call. Default: the provider's usual one for the operation."""

    cache: bool | str | None
    """True caches the response, False neither reads nor writes the cache; or a cache policy. Default: the
    `cache_policy` of the settings."""


class TextOptions(KitOptions, CallSettings, total=False):
    """Options of every text operation."""


class EmbedOptions(KitOptions, EmbedSettings, total=False):
    """Options of `embed`."""


class RankOptions(KitOptions, RerankSettings, total=False):
    """Options of `rerank`."""


class PageOptions(KitOptions, OcrSettings, total=False):
    """Options of `ocr`."""


class CountOptions(KitOptions, CountSettings, total=False):
    """Options of `count_tokens`, and those of the request to count."""

    context: Sequence[MessageLike] | None
    """Earlier messages of the conversation. Default: none."""

    files: File | Sequence[File] | None
    """Files of the prompt: one, or several. Default: none."""


class ImageOptions(KitOptions, CallSettings, total=False):
    """Options of `image`; `options` has provider-specific parameters such as size and quality.

    `cache` must be given per call: images are large, and a repeated prompt usually asks for a new image.
    """

    on_partial: Callable[[ImageContent], None]
    """Called with each preview, if the provider sends any. Default: no previews are requested."""

    n: int | None
    """Number of images. Default None: that of the provider."""

    seed: int | None
    """Seed of the random numbers. Default None."""


class TranscribeOptions(KitOptions, TranscribeSettings, total=False):
    """Options of `transcribe` and `translate`. Recordings above the provider's limits are sent in pieces."""

    most_bytes: int | None
    """Maximum size of one request in bytes. Default None: 25 MiB."""

    most_seconds: float | None
    """Maximum duration of one request in seconds. Default None: no limit."""

    concurrency: int
    """Number of pieces that are sent at the same time, at least 1. Default 4."""

    resume: UnfinishedTranscriptError | None
    """The error of an earlier call; only the missing pieces are sent. Default None."""


class SpeakOptions(KitOptions, SpeakSettings, total=False):
    """Options of `speak`."""


class FileOptions(ProviderOptions, CallSettings, total=False):
    """Options of file methods."""


class UploadOptions(ProviderOptions, UploadSettings, total=False):
    """Options of `upload_file`."""


class ListFilesOptions(FileOptions, total=False):
    """Options of `list_files`."""

    purpose: str | None
    """Only files with this purpose. Default None: all."""

    most: int | None
    """Maximum number of files. Default None: all."""


class DownloadOptions(FileOptions, total=False):
    """Options of `download_file`."""

    on_progress: Callable[[int, int | None], None] | None
    """Called with the bytes received and the total, which is None if unknown; needs `to_path`. Default None."""

    overwrite: bool
    """Whether to replace an existing file at `to_path`. Default False."""


class BatchOptions(KitOptions, BatchSettings, total=False):
    """Options of batch methods: those that the calls of the batch have."""


class SubmitOptions(BatchOptions, total=False):
    """Options of `submit_batch`, for all calls of the batch."""

    name: str | None
    """The name by which `find_batch` finds the batch. Default None: none."""

    instructions: str | Sequence[str] | None
    """The same as `system`: system instructions. Default: `system_prompt` of the settings."""


class SubmitManyOptions(SubmitOptions, total=False):
    """Options of `submit_batches`."""

    on_submit: Callable[[str | None, int], None] | None
    """Called with the name and the number of calls just before each batch is sent. Default None."""


class FindBatchOptions(BatchOptions, total=False):
    """Options of `find_batch`; at providers whose batches have no names, a batch is found by time and size."""

    since: datetime | None
    """When the batch was submitted. Default None: unknown."""

    total: int | None
    """The number of calls in the batch. Default None: unknown."""

    wait: float
    """Maximum wait in seconds. Default: one day."""


class WaitOptions(BatchOptions, total=False):
    """Options of `wait_for_batch`."""

    wait: float
    """Maximum wait in seconds. Default: one day."""

    every: float | None
    """Seconds between two status requests. Default None: increasing."""
