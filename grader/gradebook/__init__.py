"""Stores what people decide: students, attempts, adjustments, late days, runs. decisions.py defines the records."""
