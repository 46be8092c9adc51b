"""Steps from one version of the gradebook to the next, for alembic: a module a step, in files that it loads by path."""
