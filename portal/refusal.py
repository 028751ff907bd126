"""Why a program does not do what it was started for, in words for the person who started it."""


class Refusal(Exception):
    """What was wrong, where, and what to do: shown as one message, without a traceback."""
