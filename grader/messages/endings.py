"""Messages on how a check ended: why a call returned no value (an exception, time, memory, a function that is missing),
and how the check counts then: gradients of a wrong forward, our functions in place of the student's."""

from typing import Final

COSTS: Final = "{own} loses the marks for that; this check counts "
INSTEAD: Final = "{why:sentence} The check called {name} with the cache that the docstring describes instead"

STOPPED: Final[dict[str, str]] = {
    "raised": "{name} raised {raised!c}: {text!c}",
    "import_raised": "{file} cannot be imported: {raised!c}: {text!c}",
    "out_of_cpu_time": "{name} was still running after {seconds:g} s of CPU time. Perhaps a loop never ends.",
    "out_of_wall_time": "{name} did not return within {seconds:g} s and was stopped. Perhaps it sleeps, or waits for a lock, a queue or a thread.",
    "ended": "{name} ended the process with exit code {code}.",
    "killed": "{name} was killed by signal {number} ({signal}).",
    "out_of_memory": "{name} ran out of memory. {text!c}",
    "out_of_memory_allowed": "{name} ran out of memory ({memory_mib} MiB are allowed). {text!c}",
}

UNANSWERED: Final[dict[str, str]] = {
    # The function is missing.
    "not_written": "{name} is not written yet.",
    "absent": "{file} does not define {name}.",
    "could_not_run": "{name} could not be run: {why}",
    "not_handed_in": "{file} was not handed in.",
    "built_on": "This check needs {file}, which was not handed in or cannot be imported.",
    "not_asked": "Handout {handout} ({years}) does not require what this check tests.",
    "given_solved": "Handout {handout} ({years}) contains the solution of this function, so it carries no points.",
    # Rare.
    "not_run": "This check was not run, because {name} ran out of time in other checks. Fix those first.",
    "in_less_time": "{what} {why}",
    "had_less_time": "It had less time than usual, because {functions} functions ran out of time before.",
    "used_up_while": "The submission used up its total time of {seconds:g} s; {name} was stopped. Look at the functions that ran out of time or took long.",
    "used_up": "The submission used up its total time of {seconds:g} s; this check was not run. Look at the functions that ran out of time or took long.",
    "out_of_import_time": "{name} was still running after {seconds:g} s of CPU time.",
    "printed_too_much": "{name} printed too much and was stopped. Delete the print.",
    "cannot_be_sent": "{name} returned a value that cannot be sent to the grader: {text!c}.",
    "too_many_processes": "The processes of {name} together use more than twice {memory_mib} MiB of memory, the limit of one process.",
    "malformed": "{name} sent a malformed reply.",
    "malformed_by": "{name} sent a malformed reply ({error!c}).",
    "unasked": "{name} sent a reply to a call that the grader did not make.",
    "reference_cannot_use": "{name}: our function cannot use what your code returned. {why}",
    "reference_stopped": "Our function ran too long on what your code returned, and was stopped.",
    # Parts of these sentences.
    "the_import": "the import",
    "importing": "importing {modules:list}",
}

FOLLOWS: Final[dict[str, str]] = {
    "follows": "{names:and} {names:is the gradient|are the gradients} of your own {own}, which is wrong. {names:It counts|They count} {share:counted}. Fix {own} first.",
    "given_cache": "{why:sentence} With the cache that the docstring describes instead, {then}",
    "was_given_cache": INSTEAD + ".",
    "was_given_other_cache": INSTEAD + ". If your cache holds something else, fix {forward} first.",
    "shares": COSTS + "in full, based on the other checks of {name}. Fix {own} first.",
    "shares_part": COSTS + "for {share:percent}, based on the other checks of {name}. Fix {own} first.",
}

STUBS: Final[dict[str, str]] = {
    "counted_on_stubs": "This check counts with our {functions:list} in place of yours, which already lost marks. Fix {functions:it|them} first. With yours: {yours}",
    "counted_on_called": "This check counts with our functions in place of those that {name} calls. With yours: {yours}",
    "same_on_stubs": "It also fails with our {functions:list} in place of yours, so the mistake is in this function.",
    "wrong_on_stubs": "Still wrong: {names:list}.",
    "earns_less": "it earns less",
    "stubs_counted": "{counted} of {checks} checks {counted:counts|count} with our {functions:list} in place of yours, which already lost marks. Fix {functions:it|them} first.",
    "called_counted": "{counted} of {checks} checks {counted:counts|count} with our functions in place of those that yours calls.",
    "after_hidden": "This check ran after hidden checks, so this page does not show what it printed, raised or returned.",
    "hint": "{text}{misconception:unsaid}",
}
