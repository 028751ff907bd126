"""What ``mynasim up`` shows on a terminal stands there as it is: no value is taken for markup or for an emoji."""

import io
from pathlib import Path

import pytest

from mynasim.output import console
from mynasim.running import Bound
from mynasim.up import shown
from portal.serving.tls import Identity
from portal.wire.systems import System

FINGERPRINT = "07:AB:1C:A:AB:CL:VS:B:FF"
"""`:AB:` and the like are names of emoji."""
STATE = Path("/srv/[bold]state[/bold]/:cat:[x")
PASSWORD = "p[red]w[/red]:smile:\\"


@pytest.mark.requirement("ACC-1")
def test_no_value_is_taken_for_markup() -> None:
    identity = Identity(Path("/srv/[1]/portal-tls.pem"), Path("/srv/[b]/portal-ca.pem"), FINGERPRINT)
    addresses = dict.fromkeys(System, "http://[::1]:8600")
    people = [
        {
            "resident": "R[b]1",
            "municipality": "横浜市",
            "age": 40,
            "pin": "1234",
            "sign_password": "A:AB:1[b]",
        }
    ]
    out = console(file=io.StringIO(), width=250)
    out.print(
        shown(
            STATE, addresses, people, Bound("smtp", "::1", 25, 25), PASSWORD, "https://[::1]:8643", identity
        )
    )
    text = out.file.getvalue()
    for value in (FINGERPRINT, str(STATE), PASSWORD, "/srv/[b]/portal-ca.pem", "R[b]1", "A:AB:1[b]"):
        assert value in text, text
    assert text.count("http://[::1]:8600") >= 3 and "https://[::1]:8643/desk" in text
