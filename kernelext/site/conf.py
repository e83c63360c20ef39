"""Sphinx configuration of the book. What differs between books lies in book.json beside it."""

import html
import json
from pathlib import Path

book = json.loads((Path(__file__).parent / "book.json").read_text(encoding="utf-8"))

project = book["title"]
author = ""
project_copyright = ""
html_title = book["title"]
html_short_title = book["title"]
language = "en"

# Notebooks come executed; this build never runs code.
extensions = ["myst_nb"]
nb_execution_mode = "off"
nb_merge_streams = False  # would move text across figures; runs of text are merged already
nb_render_markdown_format = "myst"
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "downloads"]

# Lines that belong to the kernel ("!ls", "%%") are no Go; they are shown as they are.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_extra_path = ["downloads"] if (Path(__file__).parent / "downloads").is_dir() else []
html_copy_source = True
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False

# One local file with all of TeX; the menu would load parts of MathJax that are not there.
mathjax_path = "mathjax.js"
mathjax3_config = {
    "options": {"enableMenu": False},
    "svg": {"fontCache": "local"},
}


def footer():
    """The facts under which the pages were made, as a definition list."""
    rows = "".join(
        f"<div><dt>{html.escape(fact['name'])}</dt><dd>{html.escape(fact['value'])}</dd></div>"
        for fact in book["facts"] or []
    )
    return f'<dl class="book-facts simple">{rows}</dl>' if rows else ""


html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "use_repository_button": False,
    "show_navbar_depth": 2,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navigation_with_keys": False,
    "navbar_persistent": [],  # the search field stands in the sidebar
    "extra_footer": footer(),
    "footer_content_items": ["extra-footer.html"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
