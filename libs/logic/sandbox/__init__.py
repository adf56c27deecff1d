"""Sandbox processes: where an author's JavaScript runs, apart from the service and from everything else."""
