"""Users: the platforms' end users."""
