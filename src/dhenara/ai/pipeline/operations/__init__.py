"""Operations other than one chat call: batches, files, lists of models, embeddings of many texts."""
