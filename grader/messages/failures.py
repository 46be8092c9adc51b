"""Why a call gave no value: an exception, time or memory that ran out, a function that is not there."""

from __future__ import annotations

from typing import Final

from grader.messages.entry import Entry, entry

STOPPED: Final[dict[str, Entry]] = {
    "raised": entry(
        "{name} raised {raised!c}: {text!c}",
        "Your own exception, at the line of your file that is named. Print the shapes just above it.",
        name="conv_forward_naive", raised="ValueError", text="too many values to unpack (expected 2)",
    ),
    "import_raised": entry(
        "{file} cannot be imported: {raised!c}: {text!c}",
        "It stops every function of the file: mend it first. `--watch` says it in a line and waits for the next save. "
        "(When your work is graded, what does not work in the file is left out, and a note says so.)",
        file="optim.py", raised="SyntaxError", text="invalid syntax",
    ),
    "out_of_cpu_time": entry(
        "{name} was still running after {seconds:g} s of CPU time; perhaps a loop never ends.",
        "Look at the loop in the line that is named: does what it waits for ever change?",
        name="sgd_momentum", seconds=2,
    ),
    "out_of_wall_time": entry(
        "{name} did not answer in time: it was stopped after {seconds:g} s. Perhaps it sleeps, or waits for a lock, "
        "a queue or a thread.",
        "Something waits (for input, a sleep, a lock, a queue), or computes very long in a single call.",
        name="rmsprop", seconds=10,
    ),
    "ended": entry(
        "{name} ended the process with exit code {code}.",
        "There is an `exit()` in it. On your machine a crash looks like this, too, with another number.",
        name="adam", code="0",
    ),
    "killed": entry(
        "{name} was killed by signal {number} ({signal}).",
        "It crashed in compiled code, or killed itself. You read this only when your work is graded.",
        name="adam", number=11, signal="SIGSEGV",
    ),
    "out_of_memory": entry(
        "{name} ran out of memory. {text!c}",
        "An array far too large: print the shapes.",
        name="softmax_loss", text="",
    ),
    "out_of_memory_allowed": entry(
        "{name} ran out of memory ({memory_mib} MiB are allowed). {text!c}",
        "The same, when your work is graded.",
        name="softmax_loss", memory_mib=1024, text="",
    ),
}  # fmt: skip

MISSING: Final[dict[str, Entry]] = {
    "not_written": entry("{name} is not written yet.", "Write it.", name="affine_backward"),
    "absent": entry(
        "{file} has no {name}.", "It was deleted or renamed: write it under this name.", file="layers.py",
        name="batchnorm_forward",
    ),
    "could_not_run": entry(
        "{name} could not be run: {why}",
        "Write or mend the one that it needs first.",
        name="spatial_batchnorm_forward", why="batchnorm_forward is not written yet.",
    ),
    "not_handed_in": entry("{file} was not handed in.", "Hand it in.", file="optim.py"),
    "built_on": entry(
        "{file}, which it is built on, was not handed in or cannot be imported.",
        "Hand that file in, too, or mend it.",
        file="layers.py",
    ),
    "not_asked": entry(
        "Handout {handout} ({years}) does not ask for this.",
        "It counts for nothing.",
        handout="2020", years="2020 to 2022",
    ),
    "given_solved": entry(
        "Handout {handout} ({years}) gives this function solved.",
        "It counts for nothing.",
        handout="2020", years="2020 to 2022",
    ),
}  # fmt: skip

RARE: Final[dict[str, Entry]] = {
    "not_run": entry(
        "This check was not run, since {name} ran out of time in others. Find out first why it does not end there.",
        "Mend first what these say.",
        name="adam",
    ),
    "in_less_time": entry("{what} {why}", what="adam was still running after 0.5 s of CPU time.", why="It had less."),
    "had_less_time": entry(
        "It had less time than usual, since {functions} functions had run out of time before.",
        "A loop that never ends needs no more; mend those first.",
        functions=3,
    ),
    "used_up_while": entry(
        "The submission used up the {seconds:g} s that it has as a whole; {name} was stopped. "
        "Look at the functions that ran out of time or took long.",
        "All checks together took too long.",
        seconds=120, name="adam",
    ),
    "used_up": entry(
        "The submission used up the {seconds:g} s that it has as a whole; this check was not run. "
        "Look at the functions that ran out of time or took long.",
        "The same.",
        seconds=120,
    ),
    "out_of_import_time": entry(
        "{name} was still running after {seconds:g} s of CPU time.",
        "Something outside of any function takes very long.",
        name="importing layers", seconds=20,
    ),
    "printed_too_much": entry(
        "{name} printed more than anybody will read.", "A print in a loop: delete it.", name="adam"
    ),
    "cannot_be_sent": entry(
        "{name} returned what cannot be sent: {text!c}.",
        "It holds something besides numbers, strings, arrays, lists and dicts.",
        name="adam", text="a value of type generator",
    ),
    "too_many_processes": entry(
        "{name} holds more memory than it may: twice the {memory_mib} MiB that one process may, in all of its "
        "processes.",
        "It starts other processes, and these are too many.",
        name="adam", memory_mib=1024,
    ),
    "malformed": entry(
        "{name} sent a reply that is none.", "Something wrote to the checker's own pipe.", name="adam"
    ),
    "malformed_by": entry(
        "{name} sent a reply that is none ({error!c}).",
        "The same.",
        name="adam", error="a message that is no message",
    ),
    "unasked": entry("{name} answered what was not asked.", "The same.", name="adam"),
    "reference_cannot_use": entry(
        "{name}: the grader's own cannot use what yours has made. {why}",
        "The check hands what your constructor made to a right function, and that could not go on.",
        name="TwoLayerNet.loss", why="TwoLayerNet.loss raised KeyError: 'W1'",
    ),
    "reference_stopped": entry(
        "The grader's own function was stopped.", "It was given something of yours that made it run very long."
    ),
}  # fmt: skip

PARTS: Final[dict[str, Entry]] = {
    "the_import": entry("the import"),
    "importing": entry("importing {modules:list}", modules=["layers", "optim"]),
}

TABLES: Final = (STOPPED, MISSING, RARE, PARTS)
