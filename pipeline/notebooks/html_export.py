"""An executed notebook as a web page, for readers without Jupyter."""

from __future__ import annotations

from pathlib import Path

# nbconvert's page loads MathJax, RequireJS and Mermaid from other hosts, which a report of ours needs none
# of: it works offline, and tells nobody who reads it. The policy holds for what an output brings, too.
_PAGE = """\
{% extends 'index.html.j2' %}
{% block html_head_js %}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:; media-src data:; font-src data:">
<meta name="referrer" content="no-referrer">
{% endblock html_head_js %}
{% block html_head_js_mathjax %}{% endblock html_head_js_mathjax %}
{% block html_head_js_mermaidjs %}{% endblock html_head_js_mermaidjs %}
{% block jupyter_widgets %}{% endblock jupyter_widgets %}
"""


def to_html(executed: Path) -> str:
    """HTML in one file: text, tables, pictures and sound, without the code; it loads nothing else."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    page = "offline.html.j2"
    exporter = HTMLExporter(exclude_input=True, extra_loaders=[DictLoader({page: _PAGE})], template_file=page)
    # A progress bar is printed many times; a page shows its last state only.
    exporter.register_preprocessor(CoalesceStreamsPreprocessor(), enabled=True)
    body, _ = exporter.from_filename(str(executed))
    return str(body)
