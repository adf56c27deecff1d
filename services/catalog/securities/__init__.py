"""Securities: how a user proves itself to a service's provider."""
