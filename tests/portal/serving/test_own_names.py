"""Pages are shown to who asks for them by a name of ours (against DNS rebinding)."""

import pytest

from portal.serving.own_names import OwnNames

OURS = OwnNames(["sim.example.jp", "Box", "", "127.0.0.1"])


@pytest.mark.parametrize(
    "host",
    [
        "", "localhost", "LOCALHOST:8601", "a.localhost:1", "127.0.0.1", "127.0.0.1:8601", "192.168.0.7:8601", "0.0.0.0:1",
        "[::1]", "[::1]:8601", "[fe80::1]:1", "box", "box:8601", "sim.example.jp:8601", "sim.example.jp.:8601",
    ],
)  # fmt: skip
def test_ours(host: str) -> None:
    assert OURS.admits(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8601", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost",
        "example.jp", "[evil.example]:1", "[::1", "[::1]evil", "a:b:c", "127.0.0.1@evil.example", "127.1", ":8601", " ",
    ],
)  # fmt: skip
def test_not_ours(host: str) -> None:
    assert not OURS.admits(host)
