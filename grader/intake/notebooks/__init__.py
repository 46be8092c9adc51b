"""Read notebooks that were handed in: their cells, and the answers in them."""
