"""Decides which values are right, why others are wrong, and how many points each earns. Pure."""
