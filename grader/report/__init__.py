"""Makes self-contained HTML pages from results. Pure: reads no files but the templates, no clock, no network."""
