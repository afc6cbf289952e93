"""OpenAI Chat Completions, the lingua franca that most providers speak."""
