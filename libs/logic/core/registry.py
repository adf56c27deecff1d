"""How a function of the built-in service `core` is declared, described to editors, checked and called."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

from libs.logic.budget import exceeded
from libs.logic.errors import LogicError
from libs.logic.values import sizes

Kind = Literal["action", "condition"]
Schema = dict[str, Any]
Convert = Callable[[Any], Any]
Heavy = Callable[[Any], bool]
_Run = TypeVar("_Run", bound=Callable[..., Any])

MOST_BYTES = 6 << 20
"""No function makes more than an evaluation may answer with (`Budget.output_bytes`)."""
LARGE_BYTES = 64 << 10
"""A larger input is worked on, and a larger result made, in a process of its own, so that it holds nothing up."""

_in_place = ContextVar("in_place", default=False)


class Outgrown(Exception):
    """What a function is to work on, or to make, is too large to be done in place; nothing has been done."""


class Unfit(Exception):
    """An argument that a function can't work with; the parameter's name and what it must be."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter
        self.message = message


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A parameter's type: its JSON Schema, what it is called in messages, and the value as the function takes it.

    `convert` raises ValueError for what doesn't fit.
    """

    schema: Schema
    called: str
    convert: Convert


def _only(*types: type) -> Convert:
    def convert(value: Any) -> Any:
        if type(value) not in types:
            raise ValueError
        return value

    return convert


def _whole(value: Any) -> int:
    if type(value) is int or (type(value) is float and value.is_integer()):
        return int(value)
    raise ValueError


def one_of(*values: str) -> Type:
    """A text out of a fixed set."""

    def convert(value: Any) -> Any:
        if type(value) is str and value in values:
            return value
        raise ValueError

    return Type({"type": "string", "enum": list(values)}, f"one of {', '.join(values)}", convert)


def list_of(element: Type, called: str) -> Type:
    def convert(value: Any) -> Any:
        if type(value) is not list:
            raise ValueError
        return list(map(element.convert, value))

    return Type({"type": "array", "items": element.schema}, called, convert)


def _list_of_only(*types: type) -> Convert:
    def convert(value: Any) -> Any:
        if type(value) is not list or not set(map(type, value)).issubset(types):
            raise ValueError
        return value

    return convert


_TEXT = Type({"type": "string"}, "a text", _only(str))
_NUMBER = Type({"type": "number"}, "a number", _only(int, float))

Text = Annotated[str, _TEXT]
Number = Annotated[float, _NUMBER]
Integer = Annotated[int, Type({"type": "integer"}, "a whole number", _whole)]
Boolean = Annotated[bool, Type({"type": "boolean"}, "true or false", _only(bool))]
Array = Annotated[list[Any], Type({"type": "array"}, "an array", _only(list))]
Object = Annotated[dict[str, Any], Type({"type": "object"}, "an object", _only(dict))]
Texts = Annotated[
    list[str], Type({"type": "array", "items": {"type": "string"}}, "an array of texts", _list_of_only(str))
]
Numbers = Annotated[
    list[float], Type({"type": "array", "items": {"type": "number"}}, "an array of numbers", _list_of_only(int, float))
]
Value = Annotated[Any, Type({}, "any value", lambda value: value)]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: Type
    description: str
    required: bool
    default: Any = None

    def schema(self) -> Schema:
        """The parameter as an entry of an action's `schema.variables`."""
        told: Schema = {"title": self.name, "x-label": {"en": _spaced(self.name)}, **self.type.schema}
        if self.description:
            told["description"] = self.description
        if self.required:
            return told | {"x-required": True}
        told |= _or_null(self.type.schema)
        return told if self.default is None else told | {"default": self.default}


@dataclass(frozen=True, slots=True)
class Function:
    """A pure function of one JSON object. Its names are those of the wire."""

    name: str
    kind: Kind
    label: str
    description: str
    parameters: tuple[Parameter, ...]
    output: Schema
    run: Callable[..., Any]
    large_bytes: int
    """From this size of input on it is worked on in a process of its own."""
    heavy: Heavy | None = None
    """Whether an input makes for long work although it is small."""

    def is_large(self, source: Any) -> bool:
        """Whether this input is worked on in a process of its own, so that it holds nothing up."""
        measured = sizes(source)
        if next(measured) > self.large_bytes or next(measured, None) is not None:
            return True  # a second step: it is large, or holds a great many arrays and objects
        return self.heavy is not None and self.heavy(source)

    def call_in_place(self, source: Any) -> Any:
        """Like `call`, and raises Outgrown where that would hold the event loop up."""
        if self.is_large(source):
            raise Outgrown
        before = _in_place.set(True)
        try:
            return self.call(source)
        finally:
            _in_place.reset(before)

    def schema(self) -> Schema:
        """What an editor is told, as of any action or condition."""
        variables = [parameter.schema() for parameter in self.parameters]
        return {"variables": variables, "output": self.output, "additionalProperties": False}

    def call(self, source: Any) -> Any:
        """The value for this input; raises LogicError `invalid_input` with all that is wrong with it."""
        arguments, failures = self._arguments({} if source is None else source)
        if not failures:
            try:
                return self.run(*arguments)
            except Unfit as unfit:
                failures = {unfit.parameter: unfit.message}
        told = [{"path": name, "message": message} for name, message in failures.items()]
        summary = "; ".join(f"{name}: {message}" if name else message for name, message in failures.items())
        raise LogicError("invalid_input", f"{self._refusal}: {summary}.", details={"input": told})

    def failed(self, error: Exception) -> LogicError:
        """What is told of an exception that no input should raise."""
        return LogicError("invalid_input", f"{self._refusal} ({type(error).__name__}).")

    @property
    def _refusal(self) -> str:
        return f"'{self.name}' can't work with its input"

    def unknown(self, names: Mapping[str, object]) -> dict[str, str]:
        """What of these members is none of its parameters."""
        known = ", ".join(parameter.name for parameter in self.parameters) or "none"
        return {
            name: f"is not a member of its input; it has {known}"
            for name in names
            if all(name != parameter.name for parameter in self.parameters)
        }

    def missing(self, names: Mapping[str, object]) -> list[str]:
        return [parameter.name for parameter in self.parameters if parameter.required and parameter.name not in names]

    def _arguments(self, source: Any) -> tuple[list[Any], dict[str, str]]:
        if type(source) is not dict:
            return [], {"": "the input must be an object"}
        arguments: list[Any] = []
        failures: dict[str, str] = {}
        found = 0
        for parameter in self.parameters:
            value = source.get(parameter.name)
            found += parameter.name in source
            if value is None and not parameter.required:
                arguments.append(parameter.default)
                continue
            try:
                arguments.append(parameter.type.convert(value))
            except ValueError:
                failures[parameter.name] = _must_be(parameter, value, parameter.name in source)
        return arguments, failures if found == len(source) else failures | self.unknown(source)


# Of these kinds a value may be and still be none that the parameter takes.
_KINDS = {"string": "a text", "array": "an array", "object": "an object"}


def _must_be(parameter: Parameter, value: Any, given: bool) -> str:
    if not given:
        return f"is required and must be {parameter.type.called}"
    told = {type(None): "null", bool: "true or false", str: "a text", list: "an array", dict: "an object"}
    kind = told.get(type(value), "a number")
    if kind == _KINDS.get(str(parameter.type.schema.get("type"))):
        return f"must be {parameter.type.called}"
    return f"must be {parameter.type.called}, not {kind}"


class Library(Mapping[str, Function]):
    """Functions by name, in the order in which they were declared. An action and a condition never share a name."""

    def __init__(self, *families: Library) -> None:
        self._functions: dict[str, Function] = {name: each for family in families for name, each in family.items()}
        if len(self._functions) < sum(map(len, families)):
            raise ValueError("two families have a function of the same name")

    def __getitem__(self, name: str) -> Function:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def of_kind(self, kind: Kind) -> dict[str, Function]:
        return {name: function for name, function in self._functions.items() if function.kind == kind}

    def action(
        self, name: str, label: str, *, output: Schema, large_bytes: int = LARGE_BYTES, heavy: Heavy | None = None
    ) -> Callable[[_Run], _Run]:
        """Declares what it decorates; its docstring is the description, its annotations are the parameters."""
        return self._declare(name, "action", label, output, (large_bytes, heavy))

    def condition(
        self, name: str, label: str, *, large_bytes: int = LARGE_BYTES, heavy: Heavy | None = None
    ) -> Callable[[_Run], _Run]:
        """Like `action`; what it decorates answers true or false."""
        return self._declare(name, "condition", label, {"type": "boolean"}, (large_bytes, heavy))

    def _declare(
        self, name: str, kind: Kind, label: str, output: Schema, large: tuple[int, Heavy | None]
    ) -> Callable[[_Run], _Run]:
        def declare(run: _Run) -> _Run:
            if name in self._functions:
                raise ValueError(f"{name!r} is declared twice")
            description = " ".join((run.__doc__ or "").split())
            parameters = tuple(_parameters(run))
            self._functions[name] = Function(name, kind, label, description, parameters, output, run, *large)
            return run

        return declare


def check_size(size_bytes: float) -> None:
    """Raises LogicError for a result that would be too large, Outgrown for one to be made elsewhere.

    Whatever makes more of what it is given calls it before each larger part is made.
    """
    if size_bytes > MOST_BYTES:
        raise exceeded("output", f"the result would be larger than {MOST_BYTES:,} bytes")
    if size_bytes > LARGE_BYTES and _in_place.get():
        raise Outgrown


def _parameters(run: Callable[..., Any]) -> list[Parameter]:
    hints = get_type_hints(run, include_extras=True)
    return [_parameter(name, hints[name], each.default) for name, each in inspect.signature(run).parameters.items()]


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    if default is None:  # `Annotated[Text, "…"] | None`
        hint = next((each for each in get_args(hint) if hasattr(each, "__metadata__")), hint)
    told = getattr(hint, "__metadata__", ())
    type_ = next(each for each in told if isinstance(each, Type))
    description = next((each for each in reversed(told) if isinstance(each, str)), "")
    required = default is inspect.Parameter.empty
    return Parameter(_camel(name), type_, description, required, None if required else default)


def _or_null(schema: Schema) -> Schema:
    """What of the schema is to be changed so that null, which leaves a parameter out, fits as well."""
    changed: Schema = {}
    if isinstance(schema.get("type"), str):
        changed["type"] = [schema["type"], "null"]
    if "enum" in schema:
        changed["enum"] = [*schema["enum"], None]
    return changed


def _camel(name: str) -> str:
    first, *others = name.rstrip("_").split("_")
    return first + "".join(map(str.capitalize, others))


def _spaced(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower().capitalize()
