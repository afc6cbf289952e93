"""How each provider would say an answer or an error: one small file a protocol."""
