"""The solution package of the assignment, laid out like the students' package."""
