"""Compares this grader with otter-grader, nbgrader and gradescope-utils: the same nine checks and submissions."""
