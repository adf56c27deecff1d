"""What runs inside of sandbox processes: locked down, fed with frames, knowing nothing of the service."""
