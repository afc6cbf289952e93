"""A provider of one's own: a class with `ask`, tested with what every provider must hold."""

from ai_utilities import AiClient, AskResult, BaseProvider, UsageData, register_provider
from ai_utilities.providers import check_provider


class Parrot(BaseProvider):
    def ask(self, prompt: str, **kwargs: object) -> AskResult:
        return AskResult(text=f"{prompt} {prompt}", usage=UsageData(prompt_tokens=1, completion_tokens=2))


check_provider(Parrot)
register_provider("parrot", Parrot)
with AiClient(provider="parrot") as client:
    print(client.ask("Hello!"))
    print(client.ask_many(["one", "two"]))
