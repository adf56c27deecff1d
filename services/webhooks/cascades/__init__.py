"""Cascades: what ends in webhooks because a user, a service, a trigger or an event was deleted."""
