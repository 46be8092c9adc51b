"""What a terminal shows while a command runs: progress, tables, where the time went."""
