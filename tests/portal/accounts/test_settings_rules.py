"""What an account's settings may be (ACC-3, ACC-4)."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.accounts.model import check_settings
from portal.wire.sign_in import AccountSettings


@pytest.mark.requirement("ACC-3")
@pytest.mark.parametrize("nickname", ["はなこ", "花子 2号", "👩‍👧", "<b>太字</b>", "Ａ", "مرحبا"])
def test_nicknames_in_any_script(nickname: str) -> None:
    assert check_settings(AccountSettings(nickname)) is None


@pytest.mark.parametrize(
    "nickname",
    [" ", "\u3000", "\u200d", "a\nb", "a\x00", "\u2028x", "a\x7f", "\u200b\u202e", "a\u202eb", "a\u2066b"],
)
def test_a_nickname_that_nobody_could_read_is_refused(nickname: str) -> None:
    refused = check_settings(AccountSettings(nickname))
    assert refused is not None
    assert refused.field == "$.nickname"


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_taken_or_refused_with_its_place(nickname: str) -> None:
    refused = check_settings(AccountSettings(nickname))
    assert refused is None or refused.field == "$.nickname"


@pytest.mark.requirement("ACC-4")
@pytest.mark.parametrize("address", ["a@b", "x.y+z@example.co.jp"])
def test_addresses(address: str) -> None:
    assert (
        check_settings(msgspec.convert({"nickname": "n", "mail_addresses": [address]}, AccountSettings))
        is None
    )


@pytest.mark.parametrize(
    "address", ["a", "a@", "@b", "a b@c", "a@b@c", "<a@b>", "a@b\r\nBcc: c@d", "x" * 250 + "@b.jp"]
)
def test_what_is_no_address_is_refused_at_the_border(address: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"nickname": "n", "mail_addresses": [address]}, AccountSettings)


def test_an_address_in_full_width_or_twice_is_refused() -> None:
    for addresses in (("ａ@b.jp",), ("a@b.jp", "a@b.jp")):
        refused = check_settings(AccountSettings("n", addresses))
        assert refused is not None
        assert refused.field is not None
        assert refused.field.startswith("$.mail_addresses")


def test_three_addresses_are_too_many() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"nickname": "n", "mail_addresses": ["a@b", "c@d", "e@f"]}, AccountSettings)
