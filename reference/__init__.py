"""The assignment's solution, in the same layout as the students' package."""
