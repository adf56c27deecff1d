"""Executor runs whatever is executed, and owns the history of it; listens to what its caches hold of others."""
