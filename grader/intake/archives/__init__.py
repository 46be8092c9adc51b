"""Read archives within limits: their wanted files go into a Gathering (tree.py)."""
