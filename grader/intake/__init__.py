"""From files to a Submission: find, unpack and read what was handed in. Intake executes nothing of it."""
