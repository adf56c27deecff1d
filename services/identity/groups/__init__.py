"""Groups: which users belong together, and which of them manage that."""
