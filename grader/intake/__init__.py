"""From files to a Submission: find, unpack and read what was handed in. Nothing of it is executed."""
