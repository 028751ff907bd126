"""The form of the account's settings, for the first-time registration and for every later change (ACC-3, 4, 5)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from werkzeug.datastructures import MultiDict

from portal.accounts.model import check_settings
from portal.web.reception import typed
from portal.wire.limits import MAIL_ADDRESSES_MAX, NICKNAME_CHARACTERS_MAX
from portal.wire.sign_in import AccountSettings, MailEvent

MAIL_FIELDS = tuple(f"mail{number}" for number in range(1, MAIL_ADDRESSES_MAX + 1))
_EVENTS: Mapping[MailEvent, tuple[str, str | None]] = {
    MailEvent.SIGN_IN: ("ログインしたとき", "身に覚えのないログインに気づけます。"),
    MailEvent.LATE_RECORDS: ("やりとり履歴の回答が、あとから届いたとき", None),
    MailEvent.LATE_SELF_INFORMATION: ("あなたの情報の回答が、あとから届いたとき", None),
    MailEvent.INQUIRY_ANSWERED: ("お問い合わせの回答が届いたとき", None),
    MailEvent.NOTICE: ("行政機関からのお知らせが届いたとき", None),
    MailEvent.CAUTION: (
        "システムからの注意があるとき",
        "代理人の登録や終わり、メールアドレスの変更、確認番号の間違い、新しい電子証明書でのログイン、アカウントを閉じたことをお知らせします。",
    ),
}


class Filled(NamedTuple):
    """A form as it was sent: what it says, or what is wrong with it."""

    values: Mapping[str, Any]
    settings: AccountSettings | None
    errors: Mapping[str, str]


def read(form: MultiDict[str, str]) -> Filled:
    """The settings that this form asks for, or everything that is wrong with it at once."""
    addresses = {name: typed(form, name) for name in MAIL_FIELDS}
    values = {"nickname": typed(form, "nickname"), **addresses, "mail_events": form.getlist("mail_events")}
    content = dict(values)
    errors: dict[str, str] = {}
    while isinstance(checked := _check(content), Wrong):
        assert checked.field not in errors, f"{checked} was put aside already"
        errors[checked.field] = checked.words
        # The rules name one mistake at a time: with this one out of the way they name the next.
        content[checked.field] = _HARMLESS[checked.field]
    if errors:
        return Filled(values, None, {name: errors[name] for name in values if name in errors})
    return Filled(values, checked, {})


class Wrong(NamedTuple):
    """One mistake, at the field where it is."""

    field: str
    words: str


_HARMLESS: Mapping[str, Any] = {"nickname": "-", **dict.fromkeys(MAIL_FIELDS, ""), "mail_events": []}


def _check(content: Mapping[str, Any]) -> AccountSettings | Wrong:
    given = [name for name in MAIL_FIELDS if content[name]]
    wanted = {
        "nickname": content["nickname"],
        "mail_addresses": [content[name] for name in given],
        "mail_events": sorted(set(content["mail_events"])),
    }
    try:
        settings = msgspec.convert(wanted, AccountSettings)
    except msgspec.ValidationError as error:
        return _of_shape(str(error), content["nickname"], given)
    problem = check_settings(settings)
    if problem is None:
        return settings
    where = problem.field or ""
    if where.startswith("$.mail_addresses"):
        # Without an index: two addresses are the same, and the second one is in the way.
        return Wrong(_mail_field(where, given), problem.detail)
    return Wrong("nickname", problem.detail)


def _of_shape(error: str, nickname: str, given: list[str]) -> Wrong:
    where = error.partition(" - at `")[2].rstrip("`")
    if where.startswith("$.nickname"):
        if not nickname:
            return Wrong("nickname", "ニックネームを入力してください。")
        most = f"ニックネームは{NICKNAME_CHARACTERS_MAX}文字までにしてください（いまは{len(nickname)}文字）。"
        return Wrong("nickname", most)
    if where.startswith("$.mail_addresses"):
        return Wrong(_mail_field(where, given), "メールアドレスの形を確かめてください。例：hanako@example.jp")
    return Wrong("mail_events", "一覧にあるものから選んでください。")


def _mail_field(where: str, given: list[str]) -> str:
    """``$.mail_addresses[1]`` → ``mail2``, if both fields were filled in."""
    index = where.partition("[")[2].partition("]")[0]
    return given[int(index)] if index.isdecimal() else given[-1]


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


NEW = {
    "nickname": "",
    **dict.fromkeys(MAIL_FIELDS, ""),
    "mail_events": [str(MailEvent.SIGN_IN), str(MailEvent.CAUTION)],
}
"""The first-time form before anything is typed."""
