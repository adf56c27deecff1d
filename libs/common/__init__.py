"""What two services need, or what is said between services."""
