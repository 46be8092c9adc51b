"""The same nine checks, the same submissions: this grader beside otter-grader, nbgrader and gradescope-utils."""
