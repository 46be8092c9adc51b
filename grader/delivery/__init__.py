"""Grades and feedback as the learning platforms take them back: pure but for what writes the files."""
