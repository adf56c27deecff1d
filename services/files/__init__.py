"""A service as a file: read from a running product through `/v1`, and pushed to one."""
