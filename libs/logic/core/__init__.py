"""The functions of the built-in service `core`: pure, and the same wherever logic is evaluated."""

from libs.logic.core import strings
from libs.logic.core.registry import Library

LIBRARY = Library(strings.functions)
