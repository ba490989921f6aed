"""A cover as PNG, for what shows no SVG: lock screens, players, book readers."""

from __future__ import annotations

from pipeline.errors import ConfigError


def png(svg: str, size: int) -> bytes:
    """size: pixels of a side. The same bytes for the same SVG and version of resvg. Raises ConfigError."""
    try:
        import resvg_py
    except ImportError as error:
        raise ConfigError("resvg-py, which draws covers as PNG, is not installed: make setup") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True))
