"""The form of the account's settings, for the first-time registration and for every later change (ACC-3, 4, 5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from werkzeug.datastructures import MultiDict

from portal.accounts.model import check_settings
from portal.web.reception import typed
from portal.wire.limits import MAIL_ADDRESSES_MAX, NICKNAME_CHARACTERS_MAX
from portal.wire.problems import Problem
from portal.wire.sign_in import AccountSettings, MailEvent

MAIL_FIELDS = tuple(f"mail{number}" for number in range(1, MAIL_ADDRESSES_MAX + 1))
_EVENTS: Mapping[MailEvent, tuple[str, str | None]] = {
    MailEvent.SIGN_IN: ("ログインしたとき", "身に覚えのないログインに気づけます。"),
    MailEvent.LATE_RECORDS: ("やりとり履歴の回答が、あとから届いたとき", None),
    MailEvent.LATE_SELF_INFORMATION: ("あなたの情報の回答が、あとから届いたとき", None),
}


class Filled(NamedTuple):
    """A form as it was sent: what it says, or what is wrong with it."""

    values: Mapping[str, Any]
    settings: AccountSettings | None
    errors: Mapping[str, str]


def read(form: MultiDict[str, str]) -> Filled:
    """The settings that this form asks for."""
    nickname = typed(form, "nickname")
    addresses = {name: typed(form, name) for name in MAIL_FIELDS}
    events = form.getlist("mail_events")
    values = {"nickname": nickname, **addresses, "mail_events": events}
    given = [name for name in MAIL_FIELDS if addresses[name]]
    content = {
        "nickname": nickname,
        "mail_addresses": [addresses[name] for name in given],
        "mail_events": sorted(set(events)),
    }
    try:
        settings = msgspec.convert(content, AccountSettings)
    except msgspec.ValidationError as error:
        return Filled(values, None, _of_shape(str(error), nickname, given))
    wrong = check_settings(settings)
    if wrong is not None:
        return Filled(values, None, errors_of(wrong, given))
    return Filled(values, settings, {})


def _of_shape(error: str, nickname: str, given: list[str]) -> Mapping[str, str]:
    where = error.partition(" - at `")[2].rstrip("`")
    if where.startswith("$.nickname"):
        if not nickname:
            return {"nickname": "ニックネームを入力してください。"}
        most = f"ニックネームは{NICKNAME_CHARACTERS_MAX}文字までにしてください（いまは{len(nickname)}文字）。"
        return {"nickname": most}
    if where.startswith("$.mail_addresses"):
        name = _mail_field(where, given)
        return {name: "メールアドレスの形を確かめてください。例：hanako@example.jp"}
    return {"mail_events": "一覧にあるものから選んでください。"}


def errors_of(wrong: Problem, given: list[str]) -> Mapping[str, str]:
    """The words of a problem, at the field that it means."""
    where = wrong.field or ""
    if where.startswith("$.mail_addresses"):
        # Without an index: two addresses are the same, and the second one is in the way.
        return {_mail_field(where, given): wrong.detail}
    return {"nickname": wrong.detail}


def _mail_field(where: str, given: list[str]) -> str:
    """``$.mail_addresses[1]`` → ``mail2``, if both fields were filled in."""
    index = where.partition("[")[2].partition("]")[0]
    if index.isdecimal():
        return given[int(index)]
    return given[-1] if given else MAIL_FIELDS[0]


def values_of(settings: AccountSettings) -> Mapping[str, Any]:
    """The form filled in with these settings."""
    addresses = dict.fromkeys(MAIL_FIELDS, "")
    addresses.update(zip(MAIL_FIELDS, settings.mail_addresses, strict=False))
    events = [str(event) for event in settings.mail_events]
    return {"nickname": settings.nickname, **addresses, "mail_events": events}


def context(values: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, Any]:
    """What the templates of both forms need."""
    return {
        "values": values,
        "errors": errors,
        "mail_events": [
            {"value": str(event), "label": label, "note": note} for event, (label, note) in _EVENTS.items()
        ],
        "nickname_length_max": NICKNAME_CHARACTERS_MAX,
    }


NEW = {"nickname": "", **dict.fromkeys(MAIL_FIELDS, ""), "mail_events": [str(MailEvent.SIGN_IN)]}
"""The first-time form before anything is typed."""
