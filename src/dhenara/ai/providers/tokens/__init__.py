"""Token sources: static tokens, Google, Entra ID, AWS."""
