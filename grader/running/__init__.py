"""Runs over a class: grade what changed, in jobs or on a cluster; results as files; one lock; resume a stopped run."""
