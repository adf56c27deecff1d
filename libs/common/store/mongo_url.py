"""STORE_URL for MongoDB: its own connection string, whose database is the prefix of the services' databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pymongo.errors import PyMongoError
from pymongo.uri_parser import split_options

from libs.common.errors import EngineRefused

SCHEMES = ("mongodb", "mongodb+srv")
_DEFAULT_PREFIX = "interactor"
_ESCAPE = "STORE_URL: in user and password write `/ ? # [ ] @ : %` as `%2F` and so on"
_MOST_CHARACTERS = 40  # MongoDB allows 63 bytes for a database's name


@dataclass(frozen=True, slots=True)
class MongoAddress:
    """`url` holds the password and is for the driver alone; `hosts` may be told."""

    url: str = field(repr=False)
    hosts: str
    prefix: str

    @classmethod
    def parse(cls, url: str) -> MongoAddress:
        """Raises EngineRefused."""
        parts = _split(url)
        if "@" in f"{parts.path}{parts.query}{parts.fragment}":  # what looks like hosts is part of the password then
            raise EngineRefused(_ESCAPE)
        hosts = parts.netloc.rpartition("@")[2]
        prefix = parts.path.strip("/") or _DEFAULT_PREFIX
        if parts.scheme not in SCHEMES or not hosts:
            raise EngineRefused("STORE_URL must be 'mongodb://<host>:<port>[,…]/[<prefix>][?<options>]' for MongoDB")
        if len(prefix) > _MOST_CHARACTERS or not prefix.replace("-", "").replace("_", "").isalnum():
            raise EngineRefused(
                f"STORE_URL: the prefix of the databases may have {_MOST_CHARACTERS} letters, digits, `-` and `_`"
            )
        query = parts.query
        if parts.username and "authSource" not in query:
            query = f"{query}&authSource=admin" if query else "authSource=admin"
        return cls(urlunsplit((parts.scheme, parts.netloc, "/", query, "")), hosts, prefix)

    def check_options(self) -> None:
        """Reads the files that they name. Raises EngineRefused.

        MongoDB's client would only warn of an option that is misspelt, and go on without, say, TLS.
        """
        for option in filter(None, urlsplit(self.url).query.split("&")):
            try:
                split_options(option, warn=False)
            except (PyMongoError, ValueError, TypeError, OSError):
                raise EngineRefused(
                    f"STORE_URL: {option.partition('=')[0]} is no option of MongoDB's, or its value is not valid, "
                    "or the file that it names can't be read"
                ) from None


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # whose message may hold the password
        raise EngineRefused(_ESCAPE) from None
