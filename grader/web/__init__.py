"""`grader serve`: staff at work in a browser."""
