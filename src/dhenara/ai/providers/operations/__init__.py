"""Operations of each provider other than chat, imported on first use."""
