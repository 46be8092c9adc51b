"""A class: what is new, jobs, a cluster, results as files, one lock, and going on where a run was stopped."""
