"""Codec for Cohere v2: chat with documents, plans and citations."""
