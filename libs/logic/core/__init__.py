"""The functions of the built-in service `core`: pure, and the same wherever logic is evaluated."""

from libs.logic.core import (
    array_conditions,
    array_queries,
    arrays,
    date_conditions,
    dates,
    durations,
    number_conditions,
    numbers,
    object_forms,
    objects,
    string_forms,
    string_patterns,
    strings,
    values,
)
from libs.logic.core.registry import Library

LIBRARY = Library(
    strings.functions,
    string_patterns.functions,
    string_forms.functions,
    numbers.functions,
    number_conditions.functions,
    arrays.functions,
    array_queries.functions,
    array_conditions.functions,
    objects.functions,
    object_forms.functions,
    values.functions,
    dates.functions,
    date_conditions.functions,
    durations.functions,
)
