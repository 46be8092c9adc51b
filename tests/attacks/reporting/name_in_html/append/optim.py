def helper():
    """There is nothing to see but the name."""
