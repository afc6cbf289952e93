"""Upload a file, ask about it, and delete it.

Run it: python examples/files.py. Uses OpenAI if OPENAI_API_KEY is set, otherwise a fake server.
"""

import os
from pathlib import Path
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, Raw

Path("notes.txt").write_text("The meeting is on Friday.")


def main(**options: Any) -> None:
    with AIModelClient("openai/gpt-5.4-mini", **options) as client:
        file = client.upload_file("notes.txt", on_progress=lambda sent, size: print(f"{sent} of {size} bytes"))
        print(client.generate([file.to_content(), "When is the meeting?"]).text)
        client.delete_file(file.file_id)


UPLOADED = Raw(b'{"id": "file-1", "filename": "notes.txt", "bytes": 25, "status": "processed"}')
DELETED = Raw(b'{"id": "file-1", "deleted": true}')

if "OPENAI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(UPLOADED, Answer(text="On Friday."), DELETED) as server:
        main(api_key="none", base_url=f"{server.url}/v1")
