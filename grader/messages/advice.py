"""Advice: on well-known exceptions (judging/diagnose.py recognises them), and on what to do next after `grader check`."""

from typing import Final

# Students read this advice. They cannot choose the grader's Python, so the advice names the version but no option.
PYTHON_3: Final = "Submissions run under Python 3."

ADVICE: Final[dict[str, str]] = {
    "debugger": "This line starts a debugger or a console, which waits for typed input. Delete the line.",
    "input": "input() waits for typed input, and nobody types while a check runs. Delete the line.",
    "print_statement": f"print without brackets is Python 2 syntax. Write print(...). {PYTHON_3}",
    "exec_statement": f"exec without brackets is Python 2 syntax. Write exec(...). {PYTHON_3}",
    "except_comma": f"`except Error, name` is Python 2 syntax. Write `except Error as name`. {PYTHON_3}",
    "tabs_and_spaces": f"Tabs and spaces indent the same block, which only Python 2 accepts. Indent with four spaces everywhere. {PYTHON_3}",
    "null_bytes": "The file is damaged, perhaps by a full disk. Write the line again and save the file.",
    "unindent": "The indentation of this line matches no line above it. Use the same number of spaces in the whole block, and no tabs.",
    "never_closed": "This line opens a bracket that is never closed.",
    "unterminated": "This line opens a quotation mark that is never closed.",
    "float_size": "In Python 3 `/` returns a float. Use `//` to compute a size.",
    "float_index": "In Python 3 `/` returns a float. Use `//` to compute an index.",
    "xrange": f"xrange exists only in Python 2. Write range. {PYTHON_3}",
    "raw_input": f"raw_input exists only in Python 2. Write input. {PYTHON_3}",
    "unicode": f"unicode exists only in Python 2. Write str. {PYTHON_3}",
    "iteritems": f"iteritems exists only in Python 2. Write items. {PYTHON_3}",
    "has_key": f"has_key exists only in Python 2. Write `key in dict`. {PYTHON_3}",
    "notebook_line": "This line works in a notebook only. Delete it from the file.",
    "not_in_the_sandbox": "Write the code without this module. If it is a file of your own, hand it in too.",
    "withheld": "Some handed-out files are not available while this file is checked. If you need a file of your own, hand it in too.",
    "array_for_a_number": "The code uses a whole array where it needs one number.",
    "item": "Newer NumPy versions convert only 0-dimensional arrays to a number. Use `.item()`.",
    "array_for_an_integer": "The code uses a whole array where it needs one integer.",
    "inner_axes": "The inner axes of the two matrices differ in length. Print both shapes just above the line.",
    "broadcast": "The two sides have shapes that do not fit together. Print both shapes just above the line.",
    "broadcast_into": "The slice and the array that is written into it differ in shape. Print both shapes.",
    "unpacked_none": "The value on the right of = is None. Perhaps a forward returned no cache, or a function has no return.",
    "old_numpy_types": "NumPy 1.24 removed np.float, np.int, np.bool and np.object. Write float, int, bool, object.",
    "old_numpy": "Either the name is misspelt, or newer NumPy versions renamed it (np.product is now np.prod).",
    "interactive_only": "{name}() exists only in interactive Python. Delete the call, or use return.",
    "not_defined": "The name is misspelt, or it is assigned only on another path through the function.",
}

NEXT: Final[dict[str, str]] = {
    "next_mend": "fix {function} ({where})",
    "next_write": "write {function} ({where})",
    "next_mend_file": "fix {where}, which stops {functions} functions",
    "next_see": "look at {function} ({where})",
    "may_come_right": "May pass once {functions:list} {functions:is|are} right.",
    "more_messages": "… and {count} more messages; --html shows them all.",
    "passed_all": "all public checks passed; hidden checks run only when your work is graded",
    "passed_all_of": "all public checks of {names} passed; hidden checks run only when your work is graded",
}
