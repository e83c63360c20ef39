"""Sphinx configuration of the book. What differs between books is in site.json next to it."""

import html
import json
import sys
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))

book = json.loads((Path(__file__).parent / "site.json").read_text(encoding="utf-8"))

project = book["title"]
author = book["author"]
project_copyright = ""
html_title = book["title"]
html_short_title = book["title"]
language = "en"

# Notebooks are already executed; this build never runs code.
extensions = ["myst_nb", "book_links"]
nb_execution_mode = "off"
nb_merge_streams = False  # would move text past figures; adjacent text is already merged
nb_render_markdown_format = "myst"
myst_enable_extensions = ["amsmath", "colon_fence", "dollarmath"]
myst_heading_anchors = 4
# go:package-cnn#OpenRun links to a page made from Go documentation, which has pkg.go.dev's anchors.
myst_url_schemes = {"http": None, "https": None, "mailto": None, "go": "{{path}}.html#{{fragment}}"}
book_symbols = book["symbols"] or {}
exclude_patterns = ["_build", "downloads", "decks", "reveal"]
if book["bibliography"]:
    extensions.append("sphinxcontrib.bibtex")
    bibtex_bibfiles = book["bibliography"]

# Lines for the kernel ("!ls", "%%") are not Go; they are shown unchanged.
suppress_warnings = ["misc.highlighting_failure"]

html_logo = book["logo"] or None
html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_extra_path = ["downloads"] if (Path(__file__).parent / "downloads").is_dir() else []
html_copy_source = True
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False

# One local file with all TeX extensions; the menu would load parts of MathJax that are not included.
mathjax_path = "mathjax.js"
mathjax3_config = {
    "options": {"enableMenu": False},
    "svg": {"fontCache": "local"},
}


def footer(facts):
    """The facts that a page depends on, as a definition list."""
    rows = "".join(
        f"<div><dt>{html.escape(fact['name'])}</dt><dd>{html.escape(fact['value'])}</dd></div>" for fact in facts or []
    )
    return f'<dl class="book-facts simple">{rows}</dl>' if rows else ""


def record(page):
    """The footer of a notebook: the facts of its own run, and the run itself."""
    top = "../" * page.count("/")
    target = html.escape(top + "single/" + quote(page))
    links = f'This run: <a href="{target}.html">in one file</a> · <a href="{target}.ipynb" download>executed notebook</a>'
    for kind, has, ending in (("slides", book["slides"], "html"), ("PDF", book["print"], "pdf")):
        if has:
            links += f' · <a href="{html.escape(top + kind.lower() + "/" + quote(page))}.{ending}">{kind}</a>'
    return f'<p class="book-record">{links}</p>' + footer(book["records"][page])


def preview(page, title):
    """What other sites show of a link to a page: https://ogp.me. The picture needs the address of the book."""
    description = book["descriptions"].get(page, book["descriptions"]["index"])
    properties = {"og:title": title, "og:description": description, "og:type": "website", "og:site_name": book["title"]}
    if book["url"]:
        base = book["url"].rstrip("/")
        properties["og:url"] = f"{base}/{quote(page)}.html"
        cover = book["covers"].get(page, book["covers"].get("index"))
        if cover and not cover.endswith(".svg"):
            properties["og:image"] = f"{base}/{cover}"
    tags = [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in properties.items() if value]
    return "".join([f'<meta name="description" content="{html.escape(description)}">', *tags])


def on_page(app, pagename, templatename, context, doctree):
    context["metatags"] = context.get("metatags", "") + preview(pagename, html.unescape(context.get("title", "")))
    if pagename == "404" and book["url"]:  # a server shows it for addresses in other folders, too
        context["metatags"] += f'<base href="{html.escape(book["url"].rstrip("/"))}/">'
    if pagename in book["records"]:
        context["theme_extra_footer"] = record(pagename)


def name_sources(buttons, page):
    """Make the theme's launch buttons open the notebook by its own name, which a page's name may differ from."""
    for button in buttons or []:
        name_sources(button.get("buttons"), page)
        if button.get("url", "").startswith("http"):
            button["url"] = button["url"].replace(f"{page}.ipynb", quote(book["sources"][page]) + ".ipynb")


def on_buttons(app, pagename, templatename, context, doctree):
    if pagename in (book["sources"] or {}):
        name_sources(context.get("header_buttons"), pagename)


def setup(app):
    app.connect("html-page-context", on_page)
    app.connect("html-page-context", on_buttons, priority=900)  # after the theme


html_theme_options = {
    "use_download_button": True,
    "use_fullscreen_button": False,
    "use_repository_button": False,
    "show_navbar_depth": 2,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navigation_with_keys": False,
    "navbar_persistent": [],  # the search field is in the sidebar
    "extra_footer": footer(book["facts"]),
    "footer_content_items": (["author.html"] if author else []) + ["extra-footer.html"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

if book["url"]:
    html_baseurl = book["url"].rstrip("/") + "/"
if book["repository"]:
    html_theme_options |= {
        "repository_url": book["repository"],
        "repository_branch": book["branch"],
        "path_to_docs": book["folder"],
        "use_repository_button": True,
        "launch_buttons": {"binderhub_url": "https://mybinder.org", "jupyterhub_url": book["hub"], "notebook_interface": "jupyterlab"},
    }
