"""What instructors generate: fixtures, template, release; and the audit, which sees that they hold."""
