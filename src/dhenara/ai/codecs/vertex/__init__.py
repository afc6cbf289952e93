"""Vertex AI's own protocol for models that predict: instances in, predictions out."""
