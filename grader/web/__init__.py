"""`grader serve`: the pages on which staff work in a browser."""
