"""What binds the logic language to the product's catalog, credentials and egress, for every service that evaluates."""
