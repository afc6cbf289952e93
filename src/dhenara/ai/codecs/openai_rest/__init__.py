"""Codecs for OpenAI's endpoints other than chat, and for compatible providers."""
