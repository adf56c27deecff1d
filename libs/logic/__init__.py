"""The logic language: JSON nodes compiled to closures, their budgets, and the sandbox that runs scripts."""
