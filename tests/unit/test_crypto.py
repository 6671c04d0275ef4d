"""Encryption at rest: what is sealed opens only for its tenant and purpose, under a key that is still there."""

import base64
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as some

from integrations.crypto import KeyMissing, KeyRing, Tampered, TenantCipher, new_data_key

DATA_KEY = bytes(range(32))


def ring(*ids: str) -> KeyRing:
    return KeyRing.parse(
        ",".join(f"{one}:{base64.urlsafe_b64encode(one.encode() * 16).decode()}" for one in ids)
    )


def cipher(tenant_id: int = 1, **keys: bytes) -> TenantCipher:
    return TenantCipher(tenant_id, {int(name[1:]): key for name, key in keys.items()} or {1: DATA_KEY})


@given(plain=some.binary(max_size=400), purpose=some.text(max_size=10))
def test_what_is_sealed_opens_again(plain: bytes, purpose: str) -> None:
    assert cipher().open(cipher().seal(plain, purpose), purpose) == plain


def test_the_same_value_is_never_sealed_the_same_way_twice() -> None:
    assert cipher().seal(b"secret", "x") != cipher().seal(b"secret", "x")


def test_another_tenant_with_the_same_key_cannot_open() -> None:
    with pytest.raises(Tampered):
        cipher(tenant_id=2).open(cipher(tenant_id=1).seal(b"secret", "x"), "x")


def test_tenant_and_purpose_cannot_be_shifted_into_each_other() -> None:
    with pytest.raises(Tampered):
        cipher(tenant_id=1).open(cipher(tenant_id=11).seal(b"secret", "x"), "1:x")


def test_another_purpose_cannot_open() -> None:
    with pytest.raises(Tampered, match="connection:2"):
        cipher().open(cipher().seal(b"secret", "connection:1"), "connection:2")


@pytest.mark.parametrize("size", [10, 4000], ids=["plain", "deflated"])
def test_every_changed_byte_is_noticed(size: int) -> None:
    sealed = bytearray(cipher().seal(b"x" * size, "x"))
    for place in range(len(sealed)):
        sealed[place] ^= 1
        with pytest.raises((Tampered, KeyMissing)):
            cipher().open(bytes(sealed), "x")
        sealed[place] ^= 1
    assert cipher().open(bytes(sealed), "x") == b"x" * size


def test_a_value_cut_anywhere_is_tampered_with_and_no_crash() -> None:
    sealed = cipher().seal(b"secret", "x")
    for length in range(len(sealed)):
        with pytest.raises((Tampered, KeyMissing)):
            cipher().open(sealed[:length], "x")


def test_the_newest_data_key_seals_and_older_ones_still_open() -> None:
    old = cipher(k1=DATA_KEY).seal(b"old", "x")
    both = cipher(k1=DATA_KEY, k2=new_data_key())
    assert both.open(old, "x") == b"old"
    with pytest.raises(KeyMissing, match="data key 2 of tenant 1"):
        cipher(k1=DATA_KEY).open(both.seal(b"new", "x"), "x")


def test_long_text_is_deflated_and_short_text_is_not() -> None:
    assert len(cipher().seal(b"a" * 10_000, "x")) < 200
    assert len(cipher().seal(b"a" * 100, "x")) == 100 + 1 + 4 + 12 + 1 + 16


def test_a_rotated_ring_wraps_with_the_new_key_and_unwraps_the_old() -> None:
    key_id, wrapped = ring("a1").wrap(DATA_KEY, 7)
    rotated = ring("b2", "a1")
    assert (key_id, rotated.current_id, rotated.wrap(DATA_KEY, 7)[0]) == ("a1", "b2", "b2")
    assert rotated.unwrap(key_id, wrapped, 7) == DATA_KEY


def test_a_ring_that_lost_the_key_says_which() -> None:
    key_id, wrapped = ring("a1").wrap(DATA_KEY, 7)
    with pytest.raises(KeyMissing, match="'a1' is not in the ring"):
        ring("b2").unwrap(key_id, wrapped, 7)


def test_the_data_key_of_one_tenant_does_not_unwrap_for_another() -> None:
    key_id, wrapped = ring("a1").wrap(DATA_KEY, 7)
    with pytest.raises(Tampered, match="tenant 8"):
        ring("a1").unwrap(key_id, wrapped, 8)


@pytest.mark.parametrize("length", [0, 5, 12, 20])
def test_a_wrapped_key_cut_short_is_tampered_with(length: int) -> None:
    key_id, wrapped = ring("a1").wrap(DATA_KEY, 7)
    with pytest.raises(Tampered):
        ring("a1").unwrap(key_id, wrapped[:length], 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the key ring is empty"),
        (" , ", "the key ring is empty"),
        ("a1", "reads id:base64"),
        (":abcd", "reads id:base64"),
        ("a1:????", "key a1 is not base64"),
        ("a1:abc", "key a1 is not base64"),
        ("a1:YWJj", "key a1 has 3 bytes, 32 are needed"),
    ],
)
def test_a_wrong_ring_is_refused_and_names_the_entry(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        KeyRing.parse(text)


def test_a_key_id_appears_once() -> None:
    entry = KeyRing.generate_entry("a1")
    with pytest.raises(ValueError, match="a1 appears twice"):
        KeyRing.parse(f"{entry},{entry}")


def test_a_generated_entry_is_a_ring_of_its_own() -> None:
    made = KeyRing.parse(KeyRing.generate_entry("k"))
    assert made.unwrap(*made.wrap(DATA_KEY, 1), 1) == DATA_KEY


def test_neither_ring_nor_cipher_shows_its_keys() -> None:
    key = base64.urlsafe_b64encode(DATA_KEY).decode()
    made = KeyRing.parse(f"a1:{key}")
    for shown in (repr(made), str(made), repr(cipher()), f"{cipher()}"):
        assert key not in shown
        assert repr(DATA_KEY)[2:20] not in shown
    try:
        KeyRing.parse(f"a1:{key[:-4]}")
    except ValueError as error:
        assert key[:8] not in "".join(traceback.format_exception_only(error))
