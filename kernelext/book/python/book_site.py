"""Build the pages of a book: book_site.py SOURCE OUTPUT READ

SOURCE holds conf.py, site.json, static/mathjax.js and the pages; the site goes to OUTPUT, and what Sphinx
caches of SOURCE for the next build goes to READ. For each notebook named in site.json, a single-file page is made
beside its copy in SOURCE/downloads/single, from where Sphinx copies both.
"""

import html
import json
import re
import sys
from pathlib import Path

SINGLE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
"""


# Comments and numbers are slightly darker than JupyterLab's, whose contrast is below 4.5:1.
STYLE = """
pre { tab-size: 4; }
.highlight pre { white-space: pre-wrap !important; overflow-wrap: anywhere; }
main { max-width: 62rem; margin: auto; }
.jp-RenderedHTMLCommon a:link:not(.anchor-link) { text-decoration: underline; }
mjx-container[display="true"] { overflow: auto hidden; }
.highlight .c, .highlight .c1, .highlight .cm { color: #2e6666; }
.highlight :is(.m, .mb, .mf, .mh, .mi, .mo, .il) { color: #006600; }
.highlight .o { color: #8a11d6; }
"""


def has_formulas(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        outputs = [o["data"]["text/markdown"] for o in cell.get("outputs", []) if "text/markdown" in o.get("data", {})]
        texts = outputs + ([cell["source"]] if cell["cell_type"] == "markdown" else [])
        if any("$" in "".join(text) for text in texts):
            return True
    return False


def footer(facts):
    rows = " · ".join(f"<b>{html.escape(fact['name'])}</b> {html.escape(fact['value'])}" for fact in facts)
    return f'<footer style="padding: 2em; font-size: 0.85em">{rows}</footer>' if rows else ""


def single_file(path, target, script, facts):
    """Write a notebook as a single page that loads nothing."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config()
    config.HTMLExporter.embed_images = True
    config.HTMLExporter.exclude_input_prompt = True
    config.HTMLExporter.exclude_output_prompt = True
    exporter = HTMLExporter(config=config, extra_loaders=[DictLoader({"book.html.j2": SINGLE})], template_file="book.html.j2")
    page = with_details(exporter, path)
    page = re.sub(r"<script\b[^>]*\bsrc=[^>]*>\s*</script>", "", page)
    page = page.replace("</head>", f"<style>{STYLE}</style></head>", 1)
    page = page.replace("</body>", footer(facts) + "</body>", 1)
    if has_formulas(path):
        settings = "MathJax = {tex: {inlineMath: [['$', '$']]}, options: {enableMenu: false}};"
        reach = (script.parent / "book.js").read_text(encoding="utf-8")
        formulas = script.read_text(encoding="utf-8").replace("</script", "<\\/script")
        page = page.replace("</head>", f"<script>{settings}</script><script>{formulas}</script><script>{reach}</script></head>", 1)
    target.write_text(page, encoding="utf-8")


# In a notebook's Markdown, the end of what is folded.
END_OF_DETAILS = "<!--/details-->"


def with_details(exporter, path):
    """Export a notebook so that <details> fold what they hold.

    nbconvert parses each block of HTML in Markdown by itself, to embed images, and closes what a block leaves open: <details>
    would end with its <summary>. (nbconvert.filters.markdown_mistune, IPythonRenderer.block_html.)
    """
    import nbformat

    notebook = nbformat.read(str(path), as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("</details>", END_OF_DETAILS)
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": path.stem, "path": str(path.parent)}})
    page = re.sub(re.escape(END_OF_DETAILS) + r"\s*</details>", "</details>", page)  # it was in the same block
    page = re.sub(r"(<details[^>]*>\s*(?:<summary>.*?</summary>)?)\s*</details>(?=.*?" + re.escape(END_OF_DETAILS) + ")", r"\1", page, flags=re.S)
    return page.replace(END_OF_DETAILS, "</details>")


def newer(target, *sources):
    """Whether target is newer than all its sources."""
    return target.exists() and all(target.stat().st_mtime_ns > source.stat().st_mtime_ns for source in sources)


def main(source, output, read):
    from sphinx.cmd.build import build_main

    script = source / "static" / "mathjax.js"
    book = json.loads((source / "site.json").read_text(encoding="utf-8"))
    for page in book["notebooks"]:
        notebook = source / "downloads" / "single" / f"{page}.ipynb"
        target = notebook.with_name(notebook.name.removesuffix(".ipynb") + ".html")
        if not newer(target, notebook, script):
            single_file(notebook, target, script, book["records"][page] or [])
    if book["slides"]:
        from book_slides import slides

        for page in book["notebooks"]:
            deck = source / "decks" / f"{page}.ipynb"
            target = source / "downloads" / "slides" / f"{page}.html"
            if not newer(target, deck, script):
                slides(deck, target, source / "reveal", script if has_formulas(deck) else None, book["titles"][page], page)
    return build_main(["-b", "html", "-q", "-d", str(read), str(source), str(output)])


if __name__ == "__main__":
    sys.exit(main(*(Path(arg).resolve() for arg in sys.argv[1:4])))
