"""API keys: what platforms prove themselves by."""
