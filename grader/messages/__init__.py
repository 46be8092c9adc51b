"""Every sentence that a student or a teaching assistant reads, by its id. Another language needs another catalogue."""
