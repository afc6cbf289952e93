"""JSON Schemas: validation, and conversion for providers that support only a part of them."""
