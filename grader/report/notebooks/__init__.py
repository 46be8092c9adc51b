"""Pages of notebooks: what was handed in, sanitised, and the answers with their marks."""
