"""From results to self-contained HTML pages: pure, no files read but the templates, no clock, no network."""
