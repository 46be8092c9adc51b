"""Decide what is right or wrong, why, and how many points it earns: pure functions, no file, no process, no clock."""
