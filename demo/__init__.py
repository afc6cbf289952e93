"""The demo of `make demo`: streams an answer of the in-process model."""
