from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from libs.common.keyring import Key, KeyRing, SealingRefused, load_or_create_key_file

CONTEXT = ("data-key", "credentials", "p1")


def make_secret() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_the_newest_key_wraps_and_every_key_unwraps() -> None:
    old, new = f"old:{make_secret()}", f"new:{make_secret()}"
    before, after = KeyRing.parse(old), KeyRing.parse(f"{new}, {old}")
    wrapped_before, wrapped_after = before.wrap(b"secret", CONTEXT), after.wrap(b"secret", CONTEXT)
    assert wrapped_before.split(".")[1] == "old"
    assert wrapped_after.split(".")[1] == after.newest_id == "new"
    assert after.unwrap(wrapped_before, CONTEXT) == after.unwrap(wrapped_after, CONTEXT) == b"secret"


def test_keys_may_stand_on_lines_of_their_own() -> None:
    assert repr(KeyRing.parse(f"\nb:{make_secret()}\na:{make_secret()}\n")) == "KeyRing(b, a)"


def test_what_an_unknown_key_wrapped_is_refused_by_name() -> None:
    wrapped = KeyRing.parse(f"gone:{make_secret()}").wrap(b"secret", CONTEXT)
    with pytest.raises(SealingRefused, match=r"^CREDENTIALS_KEYS lacks the key 'gone'"):
        KeyRing.parse(f"here:{make_secret()}").unwrap(wrapped, CONTEXT)


def test_another_key_under_the_same_id_is_refused() -> None:
    wrapped = KeyRing.parse(f"k1:{make_secret()}").wrap(b"secret", CONTEXT)
    with pytest.raises(SealingRefused, match=r"the key 'k1' is not the one that sealed"):
        KeyRing.parse(f"k1:{make_secret()}").unwrap(wrapped, CONTEXT)


@pytest.mark.parametrize("wrapped", ["", "v1.k1", "v1.k1.", "v1.k1.AAAA", "v1.k1.\u00e9", "v2.k1.AAAA", "v1.k1.A"])
def test_what_is_no_wrapped_key_is_refused(wrapped: str) -> None:
    with pytest.raises(SealingRefused):
        KeyRing.parse(f"k1:{make_secret()}").unwrap(wrapped, CONTEXT)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no key"),
        (" , ,", "holds no key"),
        ("c2VjcmV0", "entry 1 is not `id:base64`"),
        ("bad id:c2VjcmV0", "entry 1 is not `id:base64`"),
        ("k1:", "entry 1 is not `id:base64`"),
        ("k1:c2Vjcm V0", "entry 1 is not base64 behind `k1:`"),
        ("k1:c2VjcmV0\u00e9", "entry 1 is not base64 behind `k1:`"),
        ("k1:c2VjcmV0", "entry 1: the key `k1` has 6 bytes; it needs 32"),
    ],
)
def test_a_malformed_ring_is_refused_without_showing_the_key(text: str, sentence: str) -> None:
    with pytest.raises(SealingRefused) as refusal:
        KeyRing.parse(text)
    assert sentence in str(refusal.value)
    assert "c2V" not in str(refusal.value)


def test_the_same_id_twice_is_refused() -> None:
    with pytest.raises(SealingRefused, match="two entries have the same id"):
        KeyRing.parse(f"k1:{make_secret()},k1:{make_secret()}")


def test_no_repr_shows_a_key() -> None:
    secret = os.urandom(32)
    ring = KeyRing.parse(f"k1:{base64.b64encode(secret).decode()}")
    shown = repr(ring) + str(ring) + repr(Key("k1", AESGCM(secret))) + repr(vars(ring))
    assert base64.b64encode(secret).decode() not in shown
    assert repr(secret) not in shown
    assert secret.hex() not in shown


def test_the_first_start_makes_a_key_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys"
    ring, created = load_or_create_key_file(path)
    again, created_again = load_or_create_key_file(path)
    assert (created, created_again) == (True, False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert again.unwrap(ring.wrap(b"secret", CONTEXT), CONTEXT) == b"secret"
    assert os.listdir(path.parent) == ["keys"]


def test_of_many_first_starts_at_once_one_makes_the_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starts:
        results = list(starts.map(load_or_create_key_file, [tmp_path / "keys"] * 8))
    assert sum(created for _, created in results) == 1
    wrapped = results[0][0].wrap(b"secret", CONTEXT)
    assert all(ring.unwrap(wrapped, CONTEXT) == b"secret" for ring, _ in results)


def test_a_damaged_key_file_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SealingRefused, match=r"keys can't be used: it is not text"):
        load_or_create_key_file(path)
    path.write_text("k1:AAAA")
    with pytest.raises(SealingRefused, match=r"keys: entry 1: the key `k1` has 3 bytes"):
        load_or_create_key_file(path)
    assert path.read_text() == "k1:AAAA"


def test_a_key_file_that_can_not_be_made_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SealingRefused, match="can't be used: "):
        load_or_create_key_file(tmp_path / "file" / "keys")
