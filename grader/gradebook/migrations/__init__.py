"""Steps from one version of the gradebook to the next. Each step is one module, which alembic loads by its path."""
