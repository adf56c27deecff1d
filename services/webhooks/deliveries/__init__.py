"""Deliveries: one payload for one subscriber, tried until it is taken or given up."""
