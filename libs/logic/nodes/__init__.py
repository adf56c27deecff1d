"""The kinds of node: each compiles its members to a piece of a program."""
