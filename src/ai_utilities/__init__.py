"""The kit on top of the engine: its clients, caches, limits and accounts arrive here."""
