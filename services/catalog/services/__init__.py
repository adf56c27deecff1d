"""Services: what a platform connects its users to."""
