"""Read archives within limits, and store the wanted files of each archive in a Gathering (tree.py)."""
