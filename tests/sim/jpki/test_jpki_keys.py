"""Keys from a seed: the same everywhere, sound RSA, and told apart by seed and label."""

import hashlib

import gmpy2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.jpki.keys import MODULUS_BITS, PUBLIC_EXPONENT, key_der, load_key, private_key


def test_a_key_is_the_same_on_every_machine() -> None:
    # If this changes, every resident's card changes: people's saved worlds no longer open with their cards.
    assert hashlib.sha256(key_der(b"golden", "label")).hexdigest()[:32] == "898359a00e5d08c15c7d644ebd826836"


def test_openssl_finds_nothing_wrong_with_a_key() -> None:
    load_der_private_key(key_der(b"seed", "checked"), None)  # the full check that we skip elsewhere


@settings(max_examples=8, deadline=None)
@given(st.binary(max_size=40), st.text(max_size=20))
def test_a_key_is_rsa_2048_of_two_different_primes(seed: bytes, label: str) -> None:
    key = private_key(seed, label)
    numbers = key.private_numbers()

    assert key.public_key().public_numbers().n.bit_length() == MODULUS_BITS
    assert numbers.public_numbers.e == PUBLIC_EXPONENT
    assert numbers.p != numbers.q
    assert gmpy2.is_prime(numbers.p)
    assert gmpy2.is_prime(numbers.q)
    assert numbers.p * numbers.q == numbers.public_numbers.n
    assert (
        numbers.d
        * PUBLIC_EXPONENT
        % ((numbers.p - 1) * (numbers.q - 1) // gmpy2.gcd(numbers.p - 1, numbers.q - 1))
        == 1
    )
    signature = key.sign(b"m", padding.PKCS1v15(), hashes.SHA256())
    key.public_key().verify(signature, b"m", padding.PKCS1v15(), hashes.SHA256())


def test_seed_and_label_do_not_run_into_each_other() -> None:
    keys = {key_der(seed, label) for seed, label in [(b"a", "bc"), (b"ab", "c"), (b"abc", ""), (b"", "abc")]}

    assert len(keys) == 4


@pytest.mark.parametrize("broken", [b"", b"\x30\x03\x02\x01\x00", bytes(1218)])
def test_what_is_not_a_key_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError):
        load_key(broken)
