"""Identity owns platforms' API keys and users; says identity.keys and identity.users; listens to nobody."""
