"""How Sphinx builds the site of these pages (docs/build_site.py runs it).

The source folder is the whole repository, so that a link between two pages is the same on disk, in a Git host's view
and in the site. Only the pages named here are read.
"""

project = "Layergrader"
author = "The Layergrader developers"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "student_template/README.md",
    "student_template/MESSAGES.md",
    "bench/RESULTS.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
# Folders that Sphinx would otherwise search for pages.
exclude_patterns = [".venv*", "build", "dist", "reports", "tests", "submissions", "grader", "assignment", "reference"]

# A link to a heading is an error if no heading has this anchor.
myst_heading_anchors = 3
nitpicky = True

# Blocks without a language are commands and files, not Python.
highlight_language = "none"

html_theme = "furo"
html_title = "Layergrader"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
# Search results show no excerpts: for these, a page would read other pages, which browsers forbid for files on disk.
html_show_search_summary = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {
    # The colours of the reports.
    "light_css_variables": {"color-brand-primary": "#285a86", "color-brand-content": "#285a86"},
    "dark_css_variables": {"color-brand-primary": "#8fbfe6", "color-brand-content": "#8fbfe6"},
}
