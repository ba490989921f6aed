"""A cover as PNG, for what shows no SVG: lock screens, players, book readers."""

from __future__ import annotations

from pipeline.errors import ConfigError


def png(svg: str, width: int, height: int) -> bytes:
    """width, height: pixels. The same bytes for the same SVG and version of resvg. Raises ConfigError."""
    try:
        import resvg_py
    except ImportError as error:
        raise ConfigError("resvg-py, which draws covers as PNG, is not installed: make setup") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=width, height=height, skip_system_fonts=True))
