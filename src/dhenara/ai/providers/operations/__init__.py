"""What each provider offers beside chat, loaded when it is first asked for."""
