def helper():
    """I AM THE INDEX"""
