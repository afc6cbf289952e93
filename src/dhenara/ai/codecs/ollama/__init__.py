"""Codec for Ollama's own protocol: chat with a configurable context size, as newline-delimited JSON."""
