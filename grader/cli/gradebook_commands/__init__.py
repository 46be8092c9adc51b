"""The commands of `grader gradebook`, by what they are about."""
