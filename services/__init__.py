"""The five services; each is the only owner of its data."""
