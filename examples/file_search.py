"""A model searches files in a vector store at the provider; the store is deleted at the end.

Run it: python examples/file_search.py. Uses Gemini if GEMINI_API_KEY is set, otherwise a fake server.
"""

import os
from typing import Any

from dhenara.ai import AIModelClient
from dhenara.ai.testing import Answer, FakeServer, FakeVectorStores
from dhenara.ai.types import FileSearch, VectorStoreFile

FILES = [b"The office opens at nine and closes at six.", b"Lunch is served at twelve."]


def show(file: VectorStoreFile, finished: int, total: int) -> None:
    print(f"{finished} of {total}: {file.state}")


def main(**options: Any) -> None:
    with AIModelClient("google_ai/gemini-3.5-flash", **options) as client:
        store = client.vector_stores.create("handbook")
        try:
            added = client.vector_stores.add(store.store_id, FILES, on_progress=show)
            print(f"{len(added.ready)} ready, {len(added.failed)} failed")
            search = FileSearch(store_ids=(store.store_id,))
            print(client.generate("When does the office open?", tools=[search]).text)
        finally:
            client.vector_stores.delete(store.store_id)


if "GEMINI_API_KEY" in os.environ:
    main()
else:
    with FakeServer(FakeVectorStores(answer=Answer(text="At nine.")), forever=True) as server:
        main(api_key="none", base_url=f"{server.url}/v1beta")
