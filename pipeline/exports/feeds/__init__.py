"""Podcast feeds of the shelf, a language each, at addresses that cannot be guessed and can be revoked."""
