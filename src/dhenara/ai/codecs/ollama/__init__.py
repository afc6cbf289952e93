"""Ollama's own protocol: chat with a context of a chosen size, as newline-delimited JSON."""
