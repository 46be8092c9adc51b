"""What students run themselves: the public checks on their own files, while they write, and packing the hand-in."""
