"""The functions of the built-in service `core`: pure, and the same wherever logic is evaluated."""

from libs.logic.core import date_conditions, dates, durations, strings
from libs.logic.core.registry import Library

LIBRARY = Library(
    strings.functions,
    dates.functions,
    date_conditions.functions,
    durations.functions,
)
