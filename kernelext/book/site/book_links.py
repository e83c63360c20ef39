"""Links that authors need not write: identifiers of the module's packages, and sections of other notebooks.

`cnn.OpenRun` in a text links to its description on the package's page. In a table whose header has the
columns "notebook" and "section", 03 leads to the notebook whose name begins with 03-, and the section to
its heading.
"""

import re

from docutils import nodes

LINKED = re.compile(r"^(\w+(?:\.\w+){0,2})(?:\(.*\)|\{.*\})?$", re.DOTALL)


def link(target, inner):
    reference = nodes.reference("", "", internal=True, refuri=target)
    reference += inner
    return reference


def link_symbols(app, doctree, page):
    """Turn inline code that names an exported identifier into links."""
    symbols, top = app.config.book_symbols, "../" * page.count("/")
    for literal in list(doctree.findall(nodes.literal)):
        match = LINKED.match(literal.astext())
        if match and match[1] in symbols and not in_reference(literal):
            literal.replace_self(link(top + symbols[match[1]], literal.deepcopy()))


def in_reference(node):
    while node is not None:
        if isinstance(node, (nodes.reference, nodes.title)):
            return True
        node = node.parent
    return False


def link_places(app, doctree, current):
    """Turn the notebooks and sections that a table names into links."""
    for table in doctree.findall(nodes.table):
        rows = [list(row.findall(nodes.entry)) for row in table.findall(nodes.row)]
        header = [entry.astext() for entry in rows[0]] if rows else []
        if "notebook" not in header or "section" not in header:
            continue
        at, section = header.index("notebook"), header.index("section")
        for row in rows[1:]:
            page = page_of(app.env, row[at].astext())
            if page is None:
                continue
            wrap(row[at], app.builder.get_relative_uri(current, page))
            anchor = anchor_of(app.env, page, row[section].astext())
            if anchor is not None:
                wrap(row[section], app.builder.get_relative_uri(current, page) + anchor)


def wrap(entry, target):
    for paragraph in list(entry.findall(nodes.paragraph)):
        inner = list(paragraph.children)
        paragraph.clear()
        paragraph += link(target, inner)


def page_of(env, number):
    if not re.fullmatch(r"\d\d", number):
        return None
    found = [page for page in env.all_docs if page.startswith(number + "-")]
    return found[0] if len(found) == 1 else None


def anchor_of(env, page, title):
    """The anchor of a heading: "" is the top of the page, None means not found."""
    for reference in env.tocs[page].findall(nodes.reference):
        if reference.astext() == title:
            return reference["anchorname"]
    return None


def on_resolved(app, doctree, page):
    link_symbols(app, doctree, page)
    link_places(app, doctree, page)


def on_read(app, doctree):
    """Remember which pages refer to sections of others."""
    headers = [row.astext() for table in doctree.findall(nodes.table) for row in list(table.findall(nodes.row))[:1]]
    if any("notebook" in header and "section" in header for header in headers):
        app.env.metadata[app.env.docname]["book_places"] = True


def on_updated(app, env):
    """Rebuild such pages each time: a heading in another page may have moved."""
    return [page for page in env.all_docs if env.metadata[page].get("book_places")]


def setup(app):
    app.add_config_value("book_symbols", {}, "html")
    app.connect("doctree-resolved", on_resolved)
    app.connect("doctree-read", on_read)
    app.connect("env-updated", on_updated)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
