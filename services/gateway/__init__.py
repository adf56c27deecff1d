"""The gateway as text: nginx configuration and Gateway API routes, written from the services' route tables."""
