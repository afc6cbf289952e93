"""Messages, responses, streams and runs of chat models."""
