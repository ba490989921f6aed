"""How good stories are, in figures: what the notebooks call."""
