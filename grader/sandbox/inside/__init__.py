"""The worker's side: the sandbox contains all files of this folder, and nothing else of the grader. These files run
under Python 3.8 and later. They import only NumPy, the standard library, and each other by bare names."""
