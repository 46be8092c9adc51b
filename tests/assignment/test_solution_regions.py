"""Solutions are removed from a file: what remains, and refusals with file and line."""

from __future__ import annotations

import pytest

from grader.assignment.solution_regions import Region, find_regions, take_out
from grader.errors import AssignmentError

SOURCE = '''"""A module."""


def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


class Net:
    def __init__(self, size):
        self.params = {}
        ### BEGIN SOLUTION
        self.params["w"] = size
        ### END SOLUTION

    def loss(self, x, y=None):
        if x:
            ### BEGIN SOLUTION
            scores, rest = double(x), 1
            ### END SOLUTION
        if y is None:
            return scores
        ### BEGIN SOLUTION
        total = scores - rest
        ### END SOLUTION
        return total, scores
'''

# Written by hand, as the oracle.
LEFT = '''"""A module."""


def double(x):
    """Twice x."""
    ###########################################################################
    # TODO: Write double as its docstring says.                               #
    ###########################################################################
    raise NotImplementedError
    ###########################################################################
    #                            END OF YOUR CODE                             #
    ###########################################################################


class Net:
    def __init__(self, size):
        self.params = {}
        ###########################################################################
        # TODO: Write the constructor of Net as its docstring says.               #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################

    def loss(self, x, y=None):
        if x:
            ###########################################################################
            # TODO: Write Net.loss as its docstring says, part 1 of 2. The code below #
            # needs scores.                                                           #
            ###########################################################################
            raise NotImplementedError
            ###########################################################################
            #                            END OF YOUR CODE                             #
            ###########################################################################
        if y is None:
            return scores
        ###########################################################################
        # TODO: Write Net.loss as its docstring says, part 2 of 2. The code below #
        # needs total.                                                            #
        ###########################################################################
        raise NotImplementedError
        ###########################################################################
        #                            END OF YOUR CODE                             #
        ###########################################################################
        return total, scores
'''


def test_a_banner_and_a_raise_replace_each_solution():
    assert take_out("module.py", SOURCE) == LEFT


def test_a_file_without_solutions_stays_as_it_is():
    assert take_out("module.py", "x = 1\n\n\ndef f():\n    return x\n") == "x = 1\n\n\ndef f():\n    return x\n"


def test_a_region_that_ends_its_function_belongs_to_it():
    """Python's parser does not count the closing comment as part of the function."""
    source = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\n\n\ndef g():\n    return 2\n"
    made = take_out("module.py", source)
    assert "Write f as" in made and made.endswith("\n\n\ndef g():\n    return 2\n")


def test_regions_are_found_by_their_lines():
    assert find_regions("module.py", SOURCE)[:2] == [Region(6, 8), Region(14, 16)]


def test_names_that_only_another_solution_reads_are_not_in_the_banner():
    """The first solution sets `rest` and the second reads it: students may choose any name for it."""
    assert "rest" in SOURCE
    assert "rest" not in take_out("module.py", SOURCE)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "def f():\n    ### BEGIN SOLUTION\n    ### BEGIN SOLUTION\n    ### END SOLUTION\n",
            "m.py:3: a solution begins inside the one that begins in line 2",
        ),
        ("def f():\n    ### BEGIN SOLUTION\n    pass\n", "m.py:2: the solution that begins here has no end"),
        ("def f():\n    pass\n    ### END SOLUTION\n", "m.py:3: a solution ends here but begins nowhere"),
        (
            "def f():\n    x = 1  ### BEGIN SOLUTION\n    ### END SOLUTION\n",
            "m.py:2: 'x = 1  ### BEGIN SOLUTION' was found, expected only '### BEGIN SOLUTION'",
        ),
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n", "m.py:1: a solution is outside of a function"),
        ("def f(:\n    pass\n", "m.py:1: not valid Python"),
    ],
    ids=["nested", "unclosed", "unopened", "beside code", "outside", "not Python"],
)
def test_a_wrong_region_is_refused_with_file_and_line(source, message):
    with pytest.raises(AssignmentError) as caught:
        take_out("m.py", source)
    assert str(caught.value).startswith(message)
