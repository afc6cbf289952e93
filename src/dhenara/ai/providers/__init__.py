"""Providers as data: base URLs, authentication, and the protocol and dialect of each model."""
