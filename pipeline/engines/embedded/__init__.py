"""Engines that run on this machine. Model runtimes are imported here and nowhere else."""
