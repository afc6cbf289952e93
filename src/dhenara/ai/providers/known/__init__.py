"""One small file for each provider."""
