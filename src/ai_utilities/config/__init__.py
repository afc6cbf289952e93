"""Parts of the settings: where values come from, secrets, and default paths."""
