"""The worker's side. These files, all of them, are what a sandbox shows of the grader: Python 3.8, NumPy, no import
of the grader, and each other by bare names."""
