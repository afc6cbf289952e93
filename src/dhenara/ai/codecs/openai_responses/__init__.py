"""Codec for OpenAI Responses: answers as a list of items that can be sent back unchanged."""
