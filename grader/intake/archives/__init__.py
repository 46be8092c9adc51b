"""Archives of any kind, read within limits: each becomes a mapping from names to bytes."""
