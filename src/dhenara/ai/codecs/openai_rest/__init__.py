"""OpenAI's endpoints beside chat, as OpenAI and all who follow it speak them."""
