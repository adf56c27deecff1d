"""Notifications: what came in, and the way from there to deliveries."""
