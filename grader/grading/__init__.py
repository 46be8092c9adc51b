"""Grades one submission: stages its files, runs and judges its checks, follows wrong gradients, settles the marks."""
