"""Makes files with grades and feedback that the learning platforms can import."""
