"""After each published catalog: the review notebook, run on it and kept beside its report."""
