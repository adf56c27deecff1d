"""Credentials: users' tokens and platforms' variable values, sealed at rest."""
