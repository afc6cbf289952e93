"""Stream objects returned to users, sync and async: chat, runs, batches and audio."""
