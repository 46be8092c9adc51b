"""From results to self-contained HTML pages: pure, no files but the templates, no clock, no network."""
