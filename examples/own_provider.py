"""A provider of your own: a class with `ask`, checked with the tests for providers.

Run it: python examples/own_provider.py
"""

from ai_utilities import AiClient, AskResult, BaseProvider, UsageData, register_provider
from ai_utilities.providers import check_provider


class Echo(BaseProvider):
    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        return AskResult(text=f"{prompt} {prompt}", usage=UsageData(prompt_tokens=1, completion_tokens=2))


check_provider(Echo)
register_provider("echo", Echo)
with AiClient(provider="echo") as client:
    print(client.ask("Hello!"))
    print(client.ask_many(["one", "two"]))
