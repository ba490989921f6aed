"""Signed provenance: a C2PA manifest in an export says that AI made it, and that nobody changed it since."""
