"""What leaves from a manifest and the store: nothing is written, translated or spoken anew for it."""
