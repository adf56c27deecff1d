"""What the services say to each other: events by speaker, calls by owner, and the tables of both."""
