"""Inbound endpoints: the URLs that providers post to, and what they take."""
