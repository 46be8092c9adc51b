"""Read the notebooks that students handed in: their cells, and the answers in them."""
