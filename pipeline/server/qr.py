"""An address as a QR code, to be read by a tablet's camera."""

from __future__ import annotations

import io

# The quiet zone in modules (ISO/IEC 18004); half of it where a terminal is small: cameras need no more.
_BORDER, _NARROW_BORDER = 4, 2


def svg(text: str) -> bytes:
    """Black on white in either theme: cameras do not read every code in light on dark."""
    import segno

    image = io.BytesIO()
    code = segno.make(text, micro=False)
    code.save(image, kind="svg", xmldecl=False, omitsize=True, border=_BORDER, dark="#000", light="#fff")
    return image.getvalue()


def blocks(text: str) -> str:
    """Lines of half blocks, light where the code is white: for a terminal that writes light on dark."""
    import segno

    lines = io.StringIO()
    segno.make(text, micro=False).terminal(lines, border=_NARROW_BORDER, compact=True)
    return lines.getvalue().rstrip("\n")
