"""The HTTP edge that every service shares: routes, keys, bodies, problems, paging, idempotency."""
