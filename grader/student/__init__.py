"""What students run themselves: the public checks on their own files, once or with --watch, and packing the hand-in."""
