"""Subscriptions: who wants to hear of a trigger, and where."""
