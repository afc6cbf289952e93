"""Shared parts of the codecs of operations other than chat."""
