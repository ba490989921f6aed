"""`make campaign`: kills, power cuts, faults, damage, hostile callers, as many as fit into the time."""
