"""Every sentence that a student or a teaching assistant reads, by its id. A second language needs a second catalogue."""
