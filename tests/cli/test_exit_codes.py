"""Every way to end the command has its exit code, and an unexpected exception is a fault of ours."""

from __future__ import annotations

import pytest

from grader.cli import main as module
from grader.cli.commands import cli
from grader.errors import FixtureError, GraderError, SandboxError, UsageError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("no such path"), 2),
        (GraderError("broken"), 3),
        (FixtureError("damaged"), 3),
        (SandboxError("no bwrap"), 3),
        (ZeroDivisionError("nobody foresaw it"), 3),
        (BrokenPipeError("a worker died"), 3),
    ],
)
def test_an_error_has_its_exit_code(monkeypatch, capsys, error, code):
    def fail(**_):
        raise error

    monkeypatch.setattr(cli, "main", fail)
    with pytest.raises(SystemExit) as caught:
        module.main()
    assert caught.value.code == code
    assert str(error) in capsys.readouterr().err
