"""What leaves from a story: pictures."""
