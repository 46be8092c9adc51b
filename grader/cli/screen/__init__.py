"""The output of a running command on a terminal: progress, tables, profile."""
