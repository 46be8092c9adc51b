"""Runs over a class: grades submissions in jobs or on a cluster, stores results as files, continues a stopped run."""
