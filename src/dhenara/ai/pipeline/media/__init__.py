"""Media and files: fetched, uploaded and downloaded; embeddings of any number of texts."""
