"""Makes a Submission from files: finds, unpacks and reads what a student handed in. Intake runs none of it."""
