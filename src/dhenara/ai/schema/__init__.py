"""JSON Schemas: checked here, and rewritten for those who understand only a part."""
