"""An executed notebook as a page, for whoever has no Jupyter."""

from __future__ import annotations

from pathlib import Path


def page_of(executed: Path) -> str:
    """HTML, whole in one file: text, tables, pictures and sound, without the code."""
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    exporter = HTMLExporter(exclude_input=True)
    # A bar is drawn many times over, and a page has room for its last state.
    exporter.register_preprocessor(CoalesceStreamsPreprocessor(), enabled=True)
    body, _ = exporter.from_filename(str(executed))
    return str(body)
