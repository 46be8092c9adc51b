"""The worker's side: a sandbox shows all of these files, and nothing else of the grader. They run under Python 3.8 and
later. They import only NumPy, the standard library, and each other by bare names."""
