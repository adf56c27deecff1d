"""Service versions: which row of each component belongs together, frozen once published."""
