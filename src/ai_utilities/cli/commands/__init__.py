"""The commands of `ai-utilities`, one module each."""
