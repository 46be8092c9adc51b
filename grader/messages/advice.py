"""What to do: about a well-known exception (judging/diagnose.py recognises them), and after `grader check`."""

from typing import Final

# What a newer environment has done away with. Students read it: they choose no environment.
PYTHON_3: Final = "Submissions run under Python 3."

ADVICE: Final[dict[str, str]] = {
    "debugger": "The line starts a debugger or a console, which waits for somebody to type: delete it.",
    "input": "input() waits for somebody to type, and nobody is there: delete the line.",
    "print_statement": f"print without brackets is Python 2's: write print(...). {PYTHON_3}",
    "exec_statement": f"exec without brackets is Python 2's: write exec(...). {PYTHON_3}",
    "except_comma": f"`except Error, name` is Python 2's: write `except Error as name`. {PYTHON_3}",
    "tabs_and_spaces": f"Tabs and spaces indent the same block, which Python 2 took: indent with four spaces everywhere. {PYTHON_3}",
    "null_bytes": "The file was damaged, by a full disk perhaps: write the line anew and save the file.",
    "unindent": "The line is indented by another number of spaces than any above it, or by tabs.",
    "never_closed": "A bracket is opened in this line and never closed.",
    "unterminated": "A quotation mark that is opened here is never closed.",
    "float_size": "In Python 3 `/` gives a float; use `//` for a size.",
    "float_index": "In Python 3 `/` gives a float; use `//` for an index.",
    "xrange": f"xrange is Python 2's: write range. {PYTHON_3}",
    "raw_input": f"raw_input is Python 2's: write input. {PYTHON_3}",
    "unicode": f"unicode is Python 2's: write str. {PYTHON_3}",
    "iteritems": f"iteritems is Python 2's: write items. {PYTHON_3}",
    "has_key": f"has_key is Python 2's: write `key in dict`. {PYTHON_3}",
    "notebook_line": "It is a line of a notebook and means nothing in a file: delete it.",
    "not_in_the_sandbox": "Do without it; a file of your own has to be handed in, too.",
    "withheld": "Hand in your own files, too; of those handed out some are withheld.",
    "array_for_a_number": "A whole array stands where one number is needed.",
    "item": "Newer NumPy wants `.item()` to make a number of an array.",
    "array_for_an_integer": "A whole array stands where one integer is needed.",
    "inner_axes": "The inner axes of the two matrices differ; print both shapes just above the line.",
    "broadcast": "Print the shapes of both sides just above the line.",
    "broadcast_into": "The slice and what is written into it differ in shape; print both.",
    "unpacked_none": "What stands to the right of = is None: a cache that no forward returned, or a function without a return.",
    "old_numpy_types": "np.float, np.int, np.bool and np.object are gone since NumPy 1.24: write float, int, bool, object.",
    "old_numpy": "Either the name is misspelt, or this NumPy is newer than the code and has another name for it (np.product is np.prod).",
    "not_defined": "The name is misspelt or assigned on another path through the function.",
}

NEXT: Final[dict[str, str]] = {
    "next_mend": "mend {function} ({where})",
    "next_write": "write {function} ({where})",
    "next_mend_file": "mend {where}, which stops {functions} functions",
    "next_see": "see {function} ({where})",
    "may_come_right": "May come right by itself once this is: {functions:list}.",
    "more_messages": "… and {count} more; --html shows them.",
    "passed_all": "all public checks passed; hidden checks are run on the graded version",
    "passed_all_of": "all public checks of {names} passed; hidden checks are run on the graded version",
}
