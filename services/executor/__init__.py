"""Executor runs actions for users and owns the history of executions; listens to what its caches hold of others."""
