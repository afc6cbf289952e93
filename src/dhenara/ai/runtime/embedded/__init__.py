"""The embedded model: runs in the user's process without server, key or network."""
