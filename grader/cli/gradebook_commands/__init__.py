"""The commands of `grader gradebook`, one module for each subject."""
