"""An executed notebook as a web page, for readers without Jupyter."""

from __future__ import annotations

from pathlib import Path


def to_html(executed: Path) -> str:
    """HTML in one file: text, tables, pictures and sound, without the code."""
    from nbconvert import HTMLExporter
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    exporter = HTMLExporter(exclude_input=True)
    # A progress bar is printed many times; a page shows its last state only.
    exporter.register_preprocessor(CoalesceStreamsPreprocessor(), enabled=True)
    body, _ = exporter.from_filename(str(executed))
    return str(body)
