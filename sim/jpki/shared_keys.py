"""Keys that many cards have in common: for a hundred thousand residents without an hour of making keys."""

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sim.jpki.keys import KeySource
from sim.jpki.serials import Kind


class SharedKeys:
    """共有の鍵: another source's keys, of which holders' cards have only so many.

    Everything else stays true: each resident's certificate bears the own serial and name, is signed by the CA, and its
    signatures are real. Only who compared the keys of two cards would see that they are the same. Reports say so.
    """

    def __init__(self, keys: KeySource, count: int) -> None:
        self._keys = keys
        self._count = count

    def __repr__(self) -> str:
        return f"SharedKeys({self._count})"

    def private_key(self, seed: bytes, label: str) -> RSAPrivateKey:
        place = label.split("/")
        if place[:2] == ["jpki", "holder"]:
            # The last part is the kind of the certificate.
            label = self.label(int(place[2]) % self._count, Kind(place[4]))
        return self._keys.private_key(seed, label)

    @staticmethod
    def label(number: int, kind: Kind) -> str:
        return f"load/shared/{number}/{kind.value}"

    def labels(self) -> Iterator[str]:
        for number in range(self._count):
            for kind in (Kind.AUTH, Kind.SIGN):
                yield self.label(number, kind)
