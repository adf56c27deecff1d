"""Identity owns API keys, users and groups; says identity.keys and identity.users; listens to nobody."""
