"""Keeps a credential at home: no request carries it, wherever an author put it, to a host that it may not go to."""

from __future__ import annotations

from urllib.parse import unquote, unquote_plus

from libs.common.egress.errors import EgressDenied, Rule
from libs.common.egress.messages import Hop
from libs.logic.blotting import SHORTEST_PART, forms_of
from libs.logic.http import refused_host
from libs.logic.scope import Credential


def keep_at_home(credential: Credential, hop: Hop) -> None:
    """Raises EgressDenied, also for what a redirect would carry on, or from https to http."""
    refusal = refused_host(credential, hop.url.raw_host or "")
    if refusal is None and not hop.downgraded:
        return
    if not (_is_applied(credential, hop) or _carries(hop, credential.secret_texts())):
        return
    if refusal is not None:
        raise EgressDenied(Rule.CREDENTIAL, refusal.message)
    raise EgressDenied(Rule.CREDENTIAL, "A redirect from https to http must not carry the credential in clear.")


def _is_applied(credential: Credential, hop: Hop) -> bool:
    """Whether it goes as its security says; then it may be of any length."""
    query = hop.url.query
    in_headers = any(hop.headers.get(name) == value for name, value in credential.headers.items())
    return in_headers or any(value in query.getall(name, ()) for name, value in credential.query.items())


def _carries(hop: Hop, secrets: set[str]) -> bool:
    """In letters of either case, where they mean the same or are changed on the way: in URLs and headers."""
    url = str(hop.url)
    texts = [text.lower() for text in (url, unquote(url), unquote_plus(url), *hop.headers, *hop.headers.values())]
    body = hop.body or b""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_PART for form in forms_of(secret)}
    return any(form.encode("utf-8", "replace") in body or any(form.lower() in text for text in texts) for form in forms)
