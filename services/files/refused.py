"""What keeps an export or a push from going on, as a sentence for whoever ran it."""


class Refused(Exception):
    """The message says what is wrong and what to do, and never holds a secret."""
