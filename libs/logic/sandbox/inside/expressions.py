"""JSONata in its process: parsed once for each text, evaluated with nothing left of the evaluation before.

Where the library differs from the language's reference implementation, and it matters, it is corrected here.
"""

import copy
import json
import math
import re
from collections import OrderedDict
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from jsonata.signature import Signature
from jsonata.utils import Utils

from libs.logic.errors import LogicError
from libs.logic.sandbox.inside.expression_functions import Replacements, nulls_marked
from libs.logic.sandbox.inside.expression_patterns import Regex
from libs.logic.values import DEEPEST

# What is parsed takes several hundred bytes for each of its characters.
_KEPT_CHARACTERS = 16 << 10
# Budgets are looked at between two parts of a long list.
_AT_ONCE = 10_000
_LONGEST_SHOWN = 100
_LONGEST_MESSAGE = 2000

_MESSAGES = {code: told.replace("Object", "function") for code, told in JException.error_codes.items()} | {
    "S0303": "The regular expression can't be used: {{value}}",
    "T1010": "The matcher function does not return an object with match, start, end, groups and next",
}
_UNKNOWN = "The expression can't be evaluated: a function can't work with what it is given"
# When the values that belong into the message are not told.
_UNTOLD = {"T0410": "An argument does not match the function's signature", "D1001": "Number out of range"}
_PLACEHOLDER = re.compile(r"\{?\{\{\w+\}\}\}?")


def _bare(message: str) -> str:
    return re.sub(r"%s|\W", "", _PLACEHOLDER.sub("", message))


# Some errors are told without their code.
_CODES = {_bare(told): code for code, told in JException.error_codes.items()} | {
    _bare("both integer and fractional parts are empty"): "D3085",
    _bare("invalid grouping in picture argument"): "D3086",
}

_REPLACED = {
    "string": "<x-b?:s>",
    "number": "<(nsb)-:n>",
    "power": "<n-n:n>",
    "lowercase": "<s-:s>",
    "contains": "<s-(sf):b>",
    "match": "<s-f<s:o>n?:a<o>>",
    "split": "<s-(sf)n?:a<s>>",
    "replace": "<s-(sf)(sf)n?:s>",
    "formatNumber": "<n-so?:s>",
    "sort": "<af?:a>",
    "distinct": "<x:x>",
    "clone": "<(oa)-:o>",
    "toMillis": "<s-s?:n>",
    "random": "<:n>",
    "shuffle": "<a:a>",
    "base64decode": "<s-:s>",
    "encodeUrl": "<s-:s>",
    "encodeUrlComponent": "<s-:s>",
    "decodeUrl": "<s-:s>",
    "decodeUrlComponent": "<s-:s>",
}


class _Frame(Jsonata.Frame):  # type: ignore[misc]
    """Variables: a name looked up doesn't nest calls, and naming a function doesn't change the function."""

    def bind(self, name: str, value: Any) -> None:
        self.bindings[name] = value

    def lookup(self, name: str) -> Any:
        frame = self
        while frame is not None:
            if name in frame.bindings:
                return frame.bindings[name]
            frame = frame.parent
        return None


def _symbol(signature: Signature, value: Any) -> str:
    """Null is a kind of value of its own; the library takes it for a missing argument."""
    return "l" if value is Utils.NULL_VALUE else _SYMBOL(signature, value)


def _apply(function: Any, arguments: Any) -> Any:
    """A function that is handed to another is held to its signature too."""
    checked = function.validate(arguments, None) if isinstance(function, Jsonata.JFunction) else arguments
    return _APPLY(function, checked)


_SYMBOL, _APPLY = Signature.get_symbol, Functions.func_apply
Signature.get_symbol, Functions.func_apply = _symbol, staticmethod(_apply)


def _functions() -> _Frame:
    frame = _Frame(None)
    frame.bindings.update(Jsonata.static_frame.bindings)
    for name, signature in _REPLACED.items():
        frame.bind(name, Jsonata.JNativeFunction(name, signature, Replacements, name))
    return frame


class _Parser(Parser):  # type: ignore[misc]
    def process_ast(self, expr: Any) -> Any:
        """`a ?: b` and `a ?? b` hold `a` twice: as the condition, and as the value, which is processed by itself."""
        if expr is not None and expr.type == "condition":
            condition = expr.condition
            told_by = condition.arguments or [None] if condition.type == "function" else [condition]
            if expr.then is told_by[0]:
                expr.then = copy.deepcopy(expr.then, {id(self): self})
        return super().process_ast(expr)


class _Expression(Jsonata):  # type: ignore[misc]
    """One text, parsed."""

    _shared = _functions()

    def __init__(self, text: str) -> None:
        if not isinstance(getattr(Jsonata.PARSER, "parser", None), _Parser):
            Jsonata.PARSER.parser = _Parser()
        # The library's tokenizer looks a character ahead after a comment.
        super().__init__(text + " ", Regex)
        self.environment = _Frame(self._shared)
        self.set_validate_input(False)
        self.set_output_convert_nulls(False)

    def run(self, source: Any) -> Any:
        # The library evaluates on the instance that was made last.
        Jsonata.CURRENT.jsonata = self
        try:
            return self.evaluate(source, {})
        finally:
            self.input, self.environment = None, _Frame(self._shared)

    def create_frame(self, enclosing_environment: Any = None) -> _Frame:
        return _Frame(enclosing_environment)

    def evaluate_literal(self, expr: Any) -> Any:
        value = super().evaluate_literal(expr)
        return _paired(value) if isinstance(value, str) and not value.isascii() else value

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str | None) -> Any:
        if op != "%" or not (Utils.is_numeric(lhs) and Utils.is_numeric(rhs)):
            return super().evaluate_numeric_expression(lhs, rhs, op)
        if rhs == 0:
            raise ZeroDivisionError
        return Utils.convert_number(math.fmod(lhs, rhs))

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        return "".join(Replacements.string(value, None) for value in (lhs, rhs) if value is not None)

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        if lhs is None or rhs is None:
            return False
        items = rhs if isinstance(rhs, list) else [rhs]
        if isinstance(lhs, list | dict):
            return any(item is lhs for item in items)
        return any(Utils.is_deep_equal(lhs, item) for item in items)

    def evaluate_transform_expression(self, expr: Any, input: Any, environment: Any) -> Any:
        transform = super().evaluate_transform_expression(expr, input, environment)
        transform.signature.set_function_name("transform")
        return transform

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        """As a list: the library's own kind of range counts one element too many."""
        numbers = super().evaluate_range_expression(lhs, rhs)
        if numbers is None:
            return None
        made = Utils.create_sequence()
        for start in range(numbers.a, numbers.b, _AT_ONCE):
            made.extend(range(start, min(start + _AT_ONCE, numbers.b)))
        return made


class Expressions:
    """Evaluates texts; those that were used last are kept parsed."""

    def __init__(self) -> None:
        self._parsed: OrderedDict[str, _Expression] = OrderedDict()
        self._characters = 0

    def evaluate(self, text: str, source: Any, *, has_nulls: bool = True) -> Any:
        """What the expression answers, as plain JSON; raises LogicError `script_error`."""
        expression = self._expression(text)
        try:
            return _plain(expression.run(nulls_marked(source) if has_nulls else source), 0)
        except LogicError:
            raise
        except Exception as error:
            raise _fault(error, text) from error

    def check(self, text: str) -> None:
        """Raises LogicError for a text that is no expression."""
        self._expression(text)

    def forget(self) -> None:
        """Drops all that was parsed: an interrupt may have come amid anything."""
        self._parsed.clear()
        self._characters = 0
        Jsonata.PARSER.parser = _Parser()
        Jsonata.CURRENT.jsonata = None

    def _expression(self, text: str) -> _Expression:
        known = self._parsed.get(text)
        if known is not None:
            self._parsed.move_to_end(text)
            return known
        try:
            expression = _Expression(text)
        except Exception as error:
            raise _syntax_fault(error, text) from error
        self._keep(text, expression)
        return expression

    def _keep(self, text: str, expression: _Expression) -> None:
        if len(text) > _KEPT_CHARACTERS:
            return
        self._parsed[text] = expression
        self._characters += len(text)
        while self._characters > _KEPT_CHARACTERS:
            dropped, _ = self._parsed.popitem(last=False)
            self._characters -= len(dropped)


def _paired(text: str) -> str:
    """Surrogates that were written one by one are a character together."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _plain(value: Any, depth: int) -> Any:
    """The value without the library's own kinds of lists, numbers and null."""
    if depth > DEEPEST:
        raise _unwritable(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(value, list):
        return [element if type(element) is str else _plain(element, depth + 1) for element in value]
    if isinstance(value, dict):
        return {name: member if type(member) is str else _plain(member, depth + 1) for name, member in value.items()}
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else float(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise _unwritable("it holds a function" if not isinstance(value, float) else "it holds a number out of range")


def _unwritable(why: str) -> LogicError:
    return LogicError("script_error", f"The expression's result can't be written as JSON: {why}.")


def _fault(error: Exception, text: str) -> LogicError:
    caused: BaseException | None = error
    while caused is not None:
        # The library takes some errors for the author's own.
        if isinstance(caused, MemoryError):
            raise caused
        if isinstance(caused, RecursionError):
            return _told("D1011", -1, (), text)
        caused = caused.__context__
    if isinstance(error, ZeroDivisionError | OverflowError):
        return _told("D1001", -1, (), text)
    if not isinstance(error, JException):
        return _told(_CODES.get(_bare(str(error)), ""), -1, (), text)
    code = error.error if error.error in _MESSAGES else _CODES.get(_bare(error.error), "")
    return _told(code, error.location, (error.current, error.expected, error.extra), text)


def _syntax_fault(error: Exception, text: str) -> LogicError:
    if isinstance(error, IndexError):
        return _told("S0207", len(text), (), text)
    if isinstance(error, KeyError):
        return _told("S0204", -1, error.args, text)
    if isinstance(error, JException) and error.error == "S0301" and error.current is not None:
        return _told("S0103", error.location, (error.current,), text)
    return _fault(error, text)


def _told(code: str, position: int, values: tuple[Any, ...], text: str) -> LogicError:
    given = iter(values)
    template = _UNTOLD.get(code) if not any(values) else None
    message = _PLACEHOLDER.sub(lambda _: _shown(next(given, None)), template or _MESSAGES.get(code, _UNKNOWN))
    details: dict[str, Any] = {"code": code} if code in _MESSAGES else {}
    if position > 0:
        details["position"] = min(position, len(text))
    return LogicError("script_error", message[:_LONGEST_MESSAGE], details=details)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        told = value
    elif Utils.is_function(value) or Functions.is_lambda(value):
        told = "a function"
    else:
        try:
            told = json.dumps(_plain(value, 0), ensure_ascii=False)
        except LogicError:
            told = "a value that is no JSON"
    return told if len(told) <= _LONGEST_SHOWN else told[:_LONGEST_SHOWN] + "…"
