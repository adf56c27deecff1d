"""Why there are no engines, in words."""


class EnginesMissing(Exception):
    """They can't be had on this machine; the message says what is missing and how to get it."""


class EngineFailed(Exception):
    """One is here and did not start; the message holds the end of its log."""


def last_lines(log: str, count: int = 15) -> str:
    return "\n".join(log.strip().splitlines()[-count:])
