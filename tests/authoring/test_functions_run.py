"""functions_run observes calls at any depth; the audit grades a misconception only on the checks that run it."""

from __future__ import annotations

import sys

import pytest
from test_audit import PUBLIC, write
from test_audit import run as audit

from grader.authoring.audit import parts_of
from grader.authoring.local_run import codes_of, functions_entered, functions_run
from grader.authoring.variants import make_variants

EXTRA = '''

@check("parts.third", seed=9)
def alone(student, rng):
    """Calls nothing else."""
    return {"out": student.parts.third(rng.randn(2), {})}


@check("parts.third", seed=8, needs="parts.square")
def fed(student, rng):
    """The square, divided."""
    return {"out": student.parts.third(student.parts.square(rng.randn(2))[0], {})}
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return write(tmp_path_factory.mktemp("made"), public=PUBLIC + EXTRA)


def test_a_check_runs_what_it_calls_and_what_that_calls(made):
    run = functions_run(made)
    assert run["parts.square.four"] == {"parts.square"}
    assert run["parts.square_backward.two"] == {"parts.square", "parts.square_backward"}
    assert run["parts.third.divided"] == {"parts.third"}
    assert run["parts.third.fed"] == {"parts.third", "parts.square"}
    assert run["deep.nets.Net.loss"] == {"deep.nets.Net", "parts.square", "parts.square_backward"}


def test_a_misconception_is_graded_where_it_runs_and_on_all_checks_of_these_functions(made):
    parts = dict(parts_of(made, list(make_variants(made))))
    assert set(parts) == {
        "parts.square.cube", "parts.square_backward.forgets", "parts.third.half", "deep.nets.Net.doubled",
    }  # fmt: skip
    assert parts["parts.square.cube"] == {check.id for check in made.checks}
    assert {check.rpartition(".")[0] for check in parts["parts.square_backward.forgets"]} == {
        "parts.square", "parts.square_backward", "deep.nets.Net",
    }  # fmt: skip
    assert {check.rpartition(".")[0] for check in parts["deep.nets.Net.doubled"]} == {"deep.nets.Net"}


@pytest.mark.process
def test_checks_that_were_not_graded_count_neither_as_earned_nor_as_lost(made):
    found = audit(made, "doubled").results[0]
    assert {check.function for check in found.checks} == {"deep.nets.Net"}
    assert found.max_score == 6
    assert 0 < found.score < 6


def test_methods_properties_and_inherited_ones_are_code_of_a_class():
    class Base:
        def inherited(self):
            return 1

    class Derived(Base):
        @property
        def shown(self):
            return 2

        @staticmethod
        def still():
            return 3

        @classmethod
        def made(cls):
            return 4

    for call in (lambda: Derived().inherited(), lambda: Derived().shown, Derived.still, Derived.made):
        with functions_entered(dict.fromkeys(codes_of(Derived), "Derived")) as seen:
            call()
        assert seen == {"Derived"}


def test_the_previous_profiler_is_restored_even_after_an_exception():
    def mine(*_):
        return None

    before = sys.getprofile()
    try:
        sys.setprofile(mine)
        with pytest.raises(ZeroDivisionError), functions_entered({}):
            1 / 0  # noqa: B018
        assert sys.getprofile() is mine
    finally:
        sys.setprofile(before)
