"""The commands of `grader`, one per file: read the options, call, print. No other folder imports them."""
