"""What a route takes in its query. Anything else is refused: a misspelt `userid` must not act for a whole platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web
from multidict import MultiMapping

from libs.common.errors import Detail, Invalid
from libs.common.web.answers import answered_by
from libs.common.web.paging import Page, parse_page
from libs.common.web.routes import Route, User

_FIRST_PAGE = Page()
_PAGING = ("limit", "cursor")
_USER = "userId"
SAID_OF_USER = "the user on whose behalf this is done"
_MAX_NAME = 100
_MOST_KEPT = 200
_LONGEST_KEPT = 300


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was read, with all that is wrong with it."""

    user_id: str | None
    page: Page
    failures: tuple[Detail, ...] = ()


class QueryReader:
    """Reads the query of one route's requests."""

    def __init__(self, route: Route) -> None:
        self._lists = answered_by(route).listed
        self._known: dict[str, Query] = {}
        self._taken = dict.fromkeys((_USER, *(each.name for each in route.query), *(_PAGING if self._lists else ())))
        self._required = {each.name: each.description for each in route.query if each.required}
        if route.user is User.REQUIRED:
            self._required[_USER] = SAID_OF_USER

    def of(self, request: web.BaseRequest) -> Query:
        """The query of a request; what was well asked in the same words before is not read again."""
        words = request.rel_url.raw_query_string
        known = self._known.get(words)
        if known is not None:
            return known
        query = self.read(request.query)
        if not query.failures and len(words) <= _LONGEST_KEPT:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[words] = query
        return query

    def read(self, query: MultiMapping[str]) -> Query:
        if not query and not self._required:
            return _NOTHING_ASKED
        failures = [*self._not_taken(query), *self._missing(query)]
        page = _FIRST_PAGE
        if self._lists:
            try:
                page = parse_page(query)
            except Invalid as error:
                failures += error.details
        return Query(query.get(_USER), page, tuple(failures))

    def _not_taken(self, query: MultiMapping[str]) -> Iterable[Detail]:
        names = dict.fromkeys(query)
        repeated = len(query) > len(names)
        for name in names:
            if name not in self._taken:
                yield Detail(name[:_MAX_NAME], f"unknown in the query; this route takes {', '.join(self._taken)}")
            elif repeated and len(query.getall(name)) > 1:
                yield Detail(name, "given more than once in the query; give it once")

    def _missing(self, query: MultiMapping[str]) -> Iterable[Detail]:
        return [
            Detail(name, f"required in the query: {said}") for name, said in self._required.items() if name not in query
        ]


_NOTHING_ASKED = Query(None, _FIRST_PAGE)
