"""Codec for Anthropic Messages, at Anthropic and on the cloud platforms."""
