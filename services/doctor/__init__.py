"""What is wrong with a process's surroundings, in words: its settings, store, bus and neighbours."""
