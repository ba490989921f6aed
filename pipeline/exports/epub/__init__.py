"""An EPUB 3 book of a story, which a reading system reads aloud word by word, in one language or two."""
