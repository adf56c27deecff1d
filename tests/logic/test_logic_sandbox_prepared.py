"""Contexts are made ready ahead, and each serves one call only."""

from libs.logic.sandbox import libraries
from libs.logic.sandbox.inside.prepared import Library, Prepared

LODASH = libraries.needed_by("lodash")


def test_a_context_made_ready_has_its_libraries_and_serves_once() -> None:
    prepared = Prepared(Library())
    first = prepared.take(LODASH)
    prepared.prepare()
    second, third = prepared.take(LODASH), prepared.take(LODASH)
    assert len({id(each.context) for each in (first, second, third)}) == 3
    for each in (first, second, third):
        assert each.context.eval("$.lodash.sum([1, 2])") == 3
        assert each.context.eval("typeof globalThis.kept") == "undefined"
        each.context.eval("globalThis.kept = 1")


def test_only_the_sets_of_libraries_used_last_are_kept_ready() -> None:
    prepared = Prepared(Library())
    masks = [libraries.needed_by(word) for word in ("", "URL", "Buffer", "setTimeout", "crypto")]
    for mask in masks:
        prepared.take(mask)
        prepared.prepare()
    kept = dict(prepared._ready)
    assert list(kept) == masks[1:]
    assert all(prepared.take(mask) is ready for mask, ready in kept.items())


def test_nothing_is_made_ready_before_the_first_script() -> None:
    prepared = Prepared(Library())
    prepared.prepare()
    assert not prepared._ready
