"""The built-in service `core`: beside what is kept, in memory, the same on every installation."""
