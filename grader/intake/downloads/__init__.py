"""Downloads of a whole class, as Canvas, Moodle and Gradescope pack them, cut into submissions."""
