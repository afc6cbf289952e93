"""Codecs for Deepgram: transcription and speech, with all parameters in the query."""
