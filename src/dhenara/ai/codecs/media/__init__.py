"""Media in requests: which media a protocol accepts, and how they are prepared for it."""
