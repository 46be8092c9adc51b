"""Divide bulk downloads of Canvas, Moodle, Blackboard and Gradescope into submissions."""
