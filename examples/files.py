"""Upload a document, ask about it, and delete it.

With OPENAI_API_KEY, OpenAI keeps it and answers; without, a fake provider does.
"""

import json
import os
from contextlib import ExitStack
from pathlib import Path

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Raw
from dhenara.ai.types import AIModel, AIModelAPI, AIModelEndpoint

Path("notes.txt").write_text("The meeting is on Friday.")

with ExitStack() as stack:
    if os.environ.get("OPENAI_API_KEY"):
        api = AIModelAPI(provider="openai")
    else:
        kept = {"id": "file-1", "filename": "notes.txt", "bytes": 25, "status": "processed"}
        gone = {"id": "file-1", "deleted": True}
        replies: list[Raw | Answer] = [
            Raw(json.dumps(kept).encode()),
            Answer(text="On Friday."),
            Raw(json.dumps(gone).encode()),
        ]
        server = stack.enter_context(FakeServer(*replies))
        api = AIModelAPI(provider="openai", api_key="none", config={"base_url": f"{server.url}/v1"})
    endpoint = AIModelEndpoint(api=api, ai_model=AIModel(model_name="gpt-5-mini"))
    client = stack.enter_context(AIModelClient(endpoint))

    file = client.upload_file("notes.txt", on_progress=lambda sent, size: print(f"{sent} of {size} bytes"))
    question = {"role": "user", "contents": [file.to_content(), "When is the meeting?"]}
    print(client.generate(messages=[question]).text)
    client.delete_file(file.file_id)
