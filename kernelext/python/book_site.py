"""Build the pages of a book: book_site.py SOURCE OUTPUT

SOURCE holds conf.py, book.json and the pages; the pages go to OUTPUT. For each notebook
named in book.json, a page that is one file goes to SOURCE/downloads, from where Sphinx takes it.
A warning is an error.
"""

import importlib.metadata
import json
import re
import shutil
import sys
from pathlib import Path

MATHJAX = ("sphinx-mathjax-offline", "sphinx-mathjax-offline/static/mathjax/tex-svg-full.js")

SINGLE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
"""


def mathjax():
    """The file of MathJax that the environment holds."""
    package, name = MATHJAX
    try:
        path = Path(importlib.metadata.distribution(package).locate_file(name))
    except importlib.metadata.PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        sys.exit(f"error: {package} is missing from the Python environment, which sets formulas; set it up anew")
    return path


def has_formulas(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        outputs = [o["data"]["text/markdown"] for o in cell.get("outputs", []) if "text/markdown" in o.get("data", {})]
        texts = outputs + ([cell["source"]] if cell["cell_type"] == "markdown" else [])
        if any("$" in "".join(text) for text in texts):
            return True
    return False


def single_file(path, target, script):
    """Write a notebook as one page that loads nothing."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config()
    config.HTMLExporter.embed_images = True
    exporter = HTMLExporter(config=config, extra_loaders=[DictLoader({"book.html.j2": SINGLE})], template_file="book.html.j2")
    page, _ = exporter.from_filename(str(path))
    page = re.sub(r"<script\b[^>]*\bsrc=[^>]*>\s*</script>", "", page)
    if has_formulas(path):
        settings = "MathJax = {tex: {inlineMath: [['$', '$']]}, options: {enableMenu: false}};"
        formulas = script.read_text(encoding="utf-8").replace("</script", "<\\/script")
        page = page.replace("</head>", f"<script>{settings}</script><script>{formulas}</script></head>", 1)
    target.write_text(page, encoding="utf-8")


def main(source, output):
    from sphinx.cmd.build import build_main

    script = mathjax()
    shutil.copyfile(script, source / "static" / "mathjax.js")
    downloads = source / "downloads" / "single"
    downloads.mkdir(parents=True, exist_ok=True)
    for name in json.loads((source / "book.json").read_text(encoding="utf-8"))["notebooks"]:
        path = source / name
        single_file(path, downloads / f"{path.stem}.html", script)
    return build_main(["-b", "html", "-W", "--keep-going", "-q", "-d", str(source / "_doctrees"), str(source), str(output)])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
