"""The language and egress read a URL alike: what one takes for the host, the other doesn't take for something else."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.egress import Allow, EgressDenied
from libs.common.egress.rules import EgressRules
from libs.logic.http import complete_url, host_of

RULES = EgressRules(Allow.parse("0.0.0.0/0, ::/0"))
_WORDS = """
// :// http:// https:// api.example.com evil.test 127.0.0.1 [::1] ::ffff:127.0.0.1 xn-- :80 :443
%2e %2F %40 %5c %23 %3f %00 %25 @api.example.com #@ ?@ \\@
"""
# An umlaut, a sharp s, full stops and digits of other scripts, what is invisible, and what folds to ASCII.
_SIGNS = "\u00e9\u00df\u3002\uff0e\uff11\u2167\u24db\u200b\u00ad\u212a\ufb00"
PIECES = [*"abz09.-_:@/\\#?[]%;&=+,!$'()*~|^`\"<>{} \t", *_SIGNS, *_WORDS.split()]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join))
def test_both_see_the_same_host(rest: str) -> None:
    try:
        url = complete_url(f"http://{rest}")
        parsed = RULES.parse(url)
    except (ValueError, EgressDenied):
        return
    assert host_of(url) == parsed.raw_host
    assert (parsed.scheme, parsed.raw_user, parsed.raw_password) == ("http", None, None)
