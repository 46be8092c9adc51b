"""What instructors generate: fixtures, template, release; and the audit, which verifies the checks and hints."""
