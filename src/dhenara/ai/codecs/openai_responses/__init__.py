"""OpenAI Responses: answers as a list of items, each of which may go back word by word."""
