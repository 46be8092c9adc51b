"""Load and validate an assignment folder: checks, reference, handouts, fixtures, notebooks. The folder is trusted."""
