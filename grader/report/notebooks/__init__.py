"""Pages of notebooks: the notebook as the student handed it in, sanitised, and the answers with their marks."""
