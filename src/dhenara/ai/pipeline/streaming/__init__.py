"""Response streams: read from HTTP, polled, resumed or replayed; structured output."""
