"""What people decide: students, attempts, adjustments, late days, runs. The records are those of decisions.py."""
