"""Codecs for Gemini generateContent, on Google AI and Vertex AI."""
