"""Grades one submission: stage its files, run its checks, judge them, follow wrong gradients, settle the marks."""
