"""Convolutional networks in NumPy."""
