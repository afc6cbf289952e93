"""Codec for OpenAI Chat Completions, the protocol that most providers support."""
