"""A real model without a key: a small llama.cpp server on loopback, and an answer streamed from it."""
