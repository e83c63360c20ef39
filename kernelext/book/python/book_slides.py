"""Make slides of a notebook whose cells have slide types: one page that loads nothing."""

import re
from urllib.parse import quote

# nbconvert's slides without the scripts and styles that its own page loads from elsewhere.
PAGE = """
{%- extends 'reveal/index.html.j2' -%}
{%- block header -%}
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ resources.deck.title | escape_html }}</title>
<style>{{ resources.deck.reveal }}</style>
{{ resources.include_css("static/index.css") }}
{{ resources.include_css("static/theme-light.css") }}
<style>{{ resources.deck.style }}</style>
</head>
{%- endblock header -%}
{%- block body_header -%}
<body class="jp-Notebook" data-jp-theme-light="true" data-jp-theme-name="JupyterLab Light">
<main class="reveal"><h1 class="deck-title">{{ resources.deck.title | escape_html }}</h1><div class="slides">
{%- endblock body_header -%}
{%- block body_footer -%}
</div></main>
{%- endblock body_footer -%}
{%- block footer_js -%}
{{ resources.deck.scripts }}
</body>
{%- endblock footer_js -%}
"""

STYLE = """
:root { --deck-accent: #0b5394; }
body { background: #fff; margin: 0; padding: 0; }
.deck-title { position: absolute; left: -99rem; }
main.reveal { position: relative; height: 100vh; font: 26px/1.45 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1a1a; }
.reveal .slides { text-align: left; }
.reveal .slides section { box-sizing: border-box; padding: 0 0.5em; font-size: calc(26px * var(--fit, 1)); }
.reveal .jp-Cell, .reveal .jp-Notebook { padding: 0; margin: 0; border: 0; }
.reveal .jp-InputPrompt, .reveal .jp-OutputPrompt, .reveal .jp-Collapser, .reveal .jp-OutputPrompt-overlay, .reveal a.anchor-link { display: none; }
.reveal .jp-Cell-outputWrapper, .reveal .jp-OutputArea-child, .reveal .jp-Cell-inputWrapper, .reveal .jp-InputArea { display: block; padding: 0; }
.reveal .jp-RenderedHTMLCommon, .reveal .jp-RenderedMarkdown { font-size: 1em; line-height: 1.45; padding: 0; color: #1a1a1a; }
.reveal :is(h1, h2, h3, h4) { margin: 0 0 0.6em; line-height: 1.2; font-weight: 650; color: var(--deck-accent); }
.reveal h1 { font-size: 1.9em; } .reveal h2 { font-size: 1.5em; } .reveal h3 { font-size: 1.25em; }
.reveal h4 { font-size: 0.8em; font-weight: 600; color: #555; }
.reveal .jp-OutputArea-output { overflow: visible; padding: 0; }
.reveal .cnnbook-figure { display: block; width: 100%; margin: 0 !important; text-align: center; }
.reveal .cnnbook-figure img { width: calc(var(--wide, 900) * var(--fit, 1) * 1px); max-width: 100% !important; }
.reveal .cnnbook-table caption { font-size: 0.85em; }
.reveal .cnnbook-figure figcaption { font-size: 0.6em; }
.reveal .cnnbook-figure figcaption, .reveal .cnnbook-table caption { line-height: 1.35; text-align: left; color: #444; }
.reveal .jp-RenderedMarkdown table { margin: 0.4em 0; font-size: 0.7em; }
.reveal .cnnbook-table { margin: 0 auto !important; font-size: 0.7em; }
.reveal .cnnbook-table :is(td, th) { padding: 0.2em 0.7em; border-bottom: 1px solid #ddd; white-space: normal; max-width: none; }
.reveal .cnnbook-row { justify-content: center; }
.reveal pre { font-size: 0.65em; line-height: 1.35; margin: 0.4em 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.reveal code { font-size: 0.9em; }
.reveal details.cnnbook-receipt { font-size: 0.5em; text-align: left; }
.reveal details.cnnbook-receipt[open] { max-height: 14em; overflow: auto; }
.reveal mjx-container[display="true"] { margin: 0.5em 0; }
.reveal a { color: var(--deck-accent); text-decoration: underline; }
.reveal .controls { color: var(--deck-accent); } .reveal .progress { color: var(--deck-accent); }
.reveal .slide-number { background: none; color: #555; font-size: 14px; }
body.measuring .reveal .slides { position: static; width: 960px; display: block; zoom: 1; }
body.measuring .reveal .slides section { display: block !important; position: static !important; visibility: visible !important; width: 960px; height: auto; }
.highlight .c, .highlight .c1, .highlight .cm { color: #2e6666; }
.highlight :is(.m, .mb, .mf, .mh, .mi, .mo, .il) { color: #006600; }
.highlight .o { color: #8a11d6; }
"""

# Figures fill their slides; what is too large becomes smaller, in steps, before reveal.js takes over.
START = """
(async () => {
  await window.MathJax?.startup?.promise;
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode().catch(() => 0)));
  const width = 960, height = 660;
  for (const image of document.querySelectorAll(".cnnbook-figure img")) {
    const wide = +image.getAttribute("width") || image.naturalWidth || 600, high = wide * image.naturalHeight / image.naturalWidth;
    image.style.setProperty("--wide", Math.round(wide * Math.min(1.5, 900 / wide, 480 / high)));
  }
  document.body.classList.add("measuring");
  for (const slide of document.querySelectorAll(".slides section:not(:has(section))")) {
    for (let fit = 1; fit >= 0.34; fit -= 0.06) {
      slide.style.setProperty("--fit", fit.toFixed(2));
      if (slide.scrollHeight <= height && slide.scrollWidth <= width) break;
    }
  }
  document.body.classList.remove("measuring");
  await Reveal.initialize({
    hash: true, slideNumber: "c/t", width, height: 700, margin: 0.03, center: true, transition: "none",
    plugins: [RevealNotes], pdfSeparateFragments: false, viewDistance: 3,
  });
  document.body.dataset.ready = "yes";
})();
"""


def script(text):
    return "<script>" + text.replace("</script", "<\\/script") + "</script>"


def slides(path, target, files, formulas, title, name):
    """Write the slides of the notebook at path. files is the folder of reveal.js's files; formulas is MathJax, or None; name is that of the page."""
    from jinja2 import DictLoader
    from nbconvert import SlidesExporter
    from traitlets.config import Config

    read = lambda name: (files / name).read_text(encoding="utf-8")  # noqa: E731
    scripts = script(read("reveal.js")) + script(read("notes.js")) + script(START)
    if formulas:
        settings = "MathJax = {tex: {inlineMath: [['$', '$']]}, options: {enableMenu: false}, svg: {fontCache: 'local'}};"
        scripts = script(settings) + script(formulas.read_text(encoding="utf-8")) + scripts
    config = Config()
    config.SlidesExporter.embed_images = True
    config.SlidesExporter.exclude_input_prompt = True
    config.SlidesExporter.exclude_output_prompt = True
    exporter = SlidesExporter(config=config, extra_loaders=[DictLoader({"deck.html.j2": PAGE})], template_file="deck.html.j2")
    deck = {"title": title, "reveal": read("reveal.css"), "style": STYLE, "scripts": scripts}
    resources = {"metadata": {"name": path.stem, "path": str(path.parent)}, "deck": deck}
    page, _ = exporter.from_filename(str(path), resources=resources)
    # Links to other notebooks lead to their slides.
    page = re.sub(r'href="((?:\.\./)*[^":]*?)\.ipynb(?:#[^"]*)?"', r'href="\1.html"', page)
    # Slides leave sections out: a link to one leads to the notebook in one file.
    ids = set(re.findall(r'\sid="([^"]+)"', page))
    whole = "../" * (name.count("/") + 1) + "single/" + quote(name) + ".html#"
    page = re.sub(r'href="#([^"]+)"', lambda m: m[0] if m[1] in ids else f'href="{whole}{m[1]}"', page)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page, encoding="utf-8")
