"""Metrics as version 1 collected them: counters, gauges, histograms and timers, and their export as text."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import iscoroutinefunction
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, ParamSpec, Self, TypeVar, cast

from .classes import HistogramBucket, JSONExporter, MetricType, MetricValue, OpenTelemetryExporter, PrometheusExporter

if TYPE_CHECKING:
    from ..exceptions import JsonObject

P = ParamSpec("P")
T = TypeVar("T")
Labels = Mapping[str, str]
Key = tuple[str, tuple[tuple[str, str], ...]]
BUCKETS = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, float("inf"))


@dataclass
class Histogram:
    """The values of a histogram."""

    buckets: list[HistogramBucket]
    total: float = 0.0
    count: int = 0

    def observe(self, value: float) -> None:
        self.total += value
        self.count += 1
        for bucket in self.buckets:
            bucket.count += value <= bucket.upper_bound


STANDARD: Mapping[str, tuple[MetricType, str]] = {
    "ai_requests_total": (MetricType.COUNTER, "Total number of AI requests"),
    "ai_requests_successful": (MetricType.COUNTER, "Total successful AI requests"),
    "ai_requests_failed": (MetricType.COUNTER, "Total failed AI requests"),
    "ai_response_duration_seconds": (MetricType.HISTOGRAM, "AI response duration in seconds"),
    "ai_response_tokens": (MetricType.HISTOGRAM, "AI response token count"),
    "cache_hits_total": (MetricType.COUNTER, "Total cache hits"),
    "cache_misses_total": (MetricType.COUNTER, "Total cache misses"),
    "cache_size": (MetricType.GAUGE, "Current cache size"),
    "active_clients": (MetricType.GAUGE, "Number of active clients"),
    "memory_usage_bytes": (MetricType.GAUGE, "Memory usage in bytes"),
    "rate_limit_hits_total": (MetricType.COUNTER, "Total rate limit hits"),
}
DESCRIPTIONS: Mapping[str, str] = {
    "provider_errors_total": "Total provider errors",
    "provider_request_duration_seconds": "Provider request duration",
    "tokens_used_total": "Total tokens used",
}


class MetricsCollector:
    """Collects metrics; shared by threads.

    Args:
        max_history: Number of durations that each timer keeps.
    """

    def __init__(self, max_history: int = 1000) -> None:
        self.max_history = max_history
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Set all metrics to zero."""
        with self._lock:
            self._descriptions: dict[str, str] = dict(DESCRIPTIONS)
            self._counters: dict[Key, float] = {}
            self._gauges: dict[Key, float] = {}
            self._histograms: dict[Key, Histogram] = {}
            self._timers: dict[Key, deque[float]] = {}
        for name, (kind, description) in STANDARD.items():
            if kind is MetricType.HISTOGRAM:
                self.create_histogram(name, description)
            else:
                (self.create_counter if kind is MetricType.COUNTER else self.create_gauge)(name, description)

    def create_counter(self, name: str, description: str, labels: Labels | None = None) -> None:
        """Begin a counter at zero."""
        with self._lock:
            self._descriptions[name] = description
            self._counters.setdefault(key_of(name, labels), 0.0)

    def create_gauge(self, name: str, description: str, labels: Labels | None = None) -> None:
        """Begin a gauge at zero."""
        with self._lock:
            self._descriptions[name] = description
            self._gauges.setdefault(key_of(name, labels), 0.0)

    def create_histogram(
        self, name: str, description: str, buckets: Sequence[float] | None = None, labels: Labels | None = None
    ) -> None:
        """Begin a histogram with these bounds."""
        with self._lock:
            self._descriptions[name] = description
            self._histograms[key_of(name, labels)] = make_histogram(buckets or BUCKETS)

    def increment_counter(self, name: str, value: float = 1.0, labels: Labels | None = None) -> None:
        """Add to a counter."""
        key = key_of(name, labels)
        with self._lock:
            self._counters[key] = self._counters.get(key, 0.0) + value

    def set_gauge(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Set a gauge."""
        with self._lock:
            self._gauges[key_of(name, labels)] = value

    def observe_histogram(self, name: str, value: float, labels: Labels | None = None) -> None:
        """Add a value to a histogram."""
        with self._lock:
            self._histograms.setdefault(key_of(name, labels), make_histogram(BUCKETS)).observe(value)

    def record_timer(self, name: str, duration: float, labels: Labels | None = None) -> None:
        """Record a duration in seconds."""
        with self._lock:
            self._timers.setdefault(key_of(name, labels), deque(maxlen=self.max_history)).append(duration)

    def timer(self, name: str, labels: Labels | None = None) -> Timer:
        """Return a context that records its duration here."""
        return Timer(name, labels, self)

    def values(self) -> dict[str, float]:
        """Return counters and gauges, the number of values of histograms, and the last duration of timers."""
        with self._lock:
            matches: dict[Key, float] = {**self._counters, **self._gauges}
            matches |= {key: histogram.count for key, histogram in self._histograms.items()}
            matches |= {key: durations[-1] for key, durations in self._timers.items()}
        return {shown_key(key): value for key, value in matches.items()}

    def get_all_metrics(self) -> list[MetricValue]:
        """Return every metric, those of one name together."""
        now = time.time()
        with self._lock:
            return sorted(self._all(now), key=lambda value: value.name)

    def _all(self, now: float) -> Iterator[MetricValue]:
        def make(name: str, value: float, kind: MetricType, key: Key, **more: str) -> MetricValue:
            description = self._descriptions.get(key[0], f"{kind.value.capitalize()} metric {key[0]}")
            return MetricValue(name, value, kind, now, {**dict(key[1]), **more}, description=description)

        for key, value in self._counters.items():
            yield make(key[0], value, MetricType.COUNTER, key)
        for key, value in self._gauges.items():
            yield make(key[0], value, MetricType.GAUGE, key)
        for key, histogram in self._histograms.items():
            for bucket in histogram.buckets if histogram.count else ():
                bound = "+Inf" if bucket.upper_bound == float("inf") else str(bucket.upper_bound)
                yield make(f"{key[0]}_bucket", bucket.count, MetricType.COUNTER, key, le=bound)
            yield make(f"{key[0]}_sum", histogram.total, MetricType.COUNTER, key)
            yield make(f"{key[0]}_count", histogram.count, MetricType.COUNTER, key)
        for key, durations in self._timers.items():
            facts = {"count": float(len(durations)), "sum_seconds": sum(durations), "min_seconds": min(durations)}
            for name, value in {**facts, "max_seconds": max(durations), "last_seconds": durations[-1]}.items():
                yield make(f"{key[0]}_{name}", value, MetricType.GAUGE, key)


def make_histogram(bounds: Sequence[float]) -> Histogram:
    return Histogram([HistogramBucket(bound, 0) for bound in bounds])


def key_of(name: str, labels: Labels | None) -> Key:
    return name, tuple(sorted((labels or {}).items()))


def shown_key(key: Key) -> str:
    name, labels = key
    return f"{name}|{','.join(f'{label}={value}' for label, value in labels)}" if labels else name


class Timer:
    """A context that records its duration.

    Args:
        metric_name: The name of the timer.
        labels: Its labels.
        collector: Where it is recorded; None records it in the metrics of the process.
    """

    def __init__(
        self, metric_name: str, labels: Labels | None = None, collector: MetricsCollector | None = None
    ) -> None:
        self.metric_name = metric_name
        self.labels = dict(labels or {})
        self._collector = collector if collector is not None else metrics.collector

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._collector.record_timer(self.metric_name, time.monotonic() - self._began, self.labels)


@dataclass
class MetricsRegistry:
    """The metrics of the process; every instance is the same."""

    collector: MetricsCollector = field(default_factory=MetricsCollector)
    shared: ClassVar[MetricsRegistry | None] = None

    def __new__(cls) -> Self:
        if cls.shared is None:
            cls.shared = super().__new__(cls)
        return cast("Self", cls.shared)

    def __init__(self) -> None:
        if "collector" not in vars(self):
            self.collector = MetricsCollector()

    def record_request(self, success: bool, duration: float, tokens: int, model: str = "") -> None:
        """Record a request."""
        self.collector.increment_counter("ai_requests_total")
        self.collector.increment_counter("ai_requests_successful" if success else "ai_requests_failed")
        self.collector.observe_histogram("ai_response_duration_seconds", duration)
        self.collector.observe_histogram("ai_response_tokens", tokens)
        if model:
            self.collector.increment_counter("tokens_used_total", tokens, {"model": model})

    def record_cache_hit(self) -> None:
        """Count a hit."""
        self.collector.increment_counter("cache_hits_total")

    def record_cache_miss(self) -> None:
        """Count a miss."""
        self.collector.increment_counter("cache_misses_total")

    def record_rate_limit_hit(self) -> None:
        """Count a request that a limit stopped."""
        self.collector.increment_counter("rate_limit_hits_total")

    def record_provider_error(self, provider: str) -> None:
        """Count an error of a provider."""
        self.collector.increment_counter("provider_errors_total", 1.0, {"provider": provider})

    def record_provider_request(self, provider: str, duration: float) -> None:
        """Record how long a request to a provider took."""
        self.collector.observe_histogram("provider_request_duration_seconds", duration, {"provider": provider})

    def set_cache_size(self, size: float) -> None:
        """Set the size of the cache."""
        self.collector.set_gauge("cache_size", size)

    def set_active_clients(self, count: float) -> None:
        """Set the number of clients."""
        self.collector.set_gauge("active_clients", count)

    def set_memory_usage(self, bytes_used: float) -> None:
        """Set the memory in use."""
        self.collector.set_gauge("memory_usage_bytes", bytes_used)

    def export_prometheus(self) -> str:
        """Return the metrics in Prometheus' text format."""
        return PrometheusExporter(self.collector).export()

    def export_opentelemetry(self) -> JsonObject:
        """Return the metrics in OpenTelemetry's JSON format."""
        return OpenTelemetryExporter(self.collector).export()

    def export_json(self) -> str:
        """Return the metrics as JSON."""
        return JSONExporter(self.collector).export()

    def increment(self, name: str, value: float = 1, tags: Labels | None = None) -> None:
        """Add to a counter."""
        self.collector.increment_counter(name, value, tags)

    def gauge(self, name: str, value: float, tags: Labels | None = None) -> None:
        """Set a gauge."""
        self.collector.set_gauge(name, value, tags)

    def histogram(self, name: str, value: float, tags: Labels | None = None) -> None:
        """Add a value to a histogram."""
        self.collector.observe_histogram(name, value, tags)

    def timer(self, name: str, tags: Labels | None = None) -> Timer:
        """Return a context that records its duration."""
        return self.collector.timer(name, tags)

    def get_metric(self, name: str, tags: Labels | None = None) -> float | None:
        """Return the value of a metric; None if there is none."""
        return self.collector.values().get(shown_key(key_of(name, tags)))

    def get_all_metrics(self) -> dict[str, float]:
        """Return the values of all metrics."""
        return self.collector.values()

    def reset(self) -> None:
        """Set all metrics to zero."""
        self.collector.reset()


metrics = MetricsRegistry()
"""The metrics of the process."""


def monitor_requests(metric_name: str | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that records each call of a function, sync or async, as a request."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        def record(began: float, result: object = None) -> None:
            tokens = getattr(getattr(result, "usage", None), "total_tokens", None) or 0
            metrics.record_request(result is not None, time.monotonic() - began, tokens)

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            began = time.monotonic()
            try:
                result = function(*args, **kwargs)
            except BaseException:
                record(began)
                raise
            record(began, result if result is not None else "")
            return result

        @wraps(function)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> object:
            began = time.monotonic()
            try:
                result: object = await function(*args, **kwargs)  # type: ignore[misc]  # the function is async
            except BaseException:
                record(began)
                raise
            record(began, result if result is not None else "")
            return result

        return cast("Callable[P, T]", call_async) if iscoroutinefunction(function) else call

    return decorate
