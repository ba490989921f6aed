"""The scheduled catalog: a file of ideas × languages, made in chunks, reviewed, published, accounted for."""
