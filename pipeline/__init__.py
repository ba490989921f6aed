"""mvp-stories: from one line of context to a story that a family hears in its own language."""

__version__ = "0.1.0"
