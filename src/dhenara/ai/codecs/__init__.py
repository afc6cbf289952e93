"""Codecs, one folder for each protocol: values in, request bytes out, and response bytes back to deltas."""
