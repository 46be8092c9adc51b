"""Right or wrong, why, and what it is worth: pure functions of values. No file, no process, no clock."""
