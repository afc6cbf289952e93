"""Gemini generateContent, on Google AI and on Vertex."""
