"""Pages of notebooks: the sanitised notebook as it was handed in, and the answers with their marks."""
