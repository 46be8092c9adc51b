"""Files → Submission → work tree: `collect` finds and reads submissions, `stage` writes what the sandbox will see."""
