"""What goes on at the intermediate servers, for their page: who is stopped or set otherwise, inquiries, sends, limits."""

from collections.abc import Mapping

from portal.store.store import Store
from portal.wire.intermediate_keeping import Configuration, DecisionPolicy, Groups, GroupView, SendState
from portal.wire.linkage import InquiryState, Place
from portal.wire.moments import to_ms
from sim.controls import ControlDesk
from sim.entrance.entrance import WHICH_ORGANISATION, found_organisation
from sim.entrance.now import LINES_SHOWN_MAX, Field, Form, Now, Section, Table, Typed, moment_of
from sim.intermediate import sends
from sim.intermediate.profiles import GROUP_NAMES, PROFILES
from sim.intermediate.standing import Standing
from sim.nation.catalogue import catalogue
from sim.nation.organisations import UnknownOrganisation, organisation
from sim.network.now import STATES
from sim.network.records import tables as records

_KINDS: Mapping[str, str] = {sends.COPIES: "副本", sends.INQUIRY_FILE: "一括照会ファイル"}


POLICIES: Mapping[DecisionPolicy, str] = {
    DecisionPolicy.WITHHOLD: "すべて不開示にする",
    DecisionPolicy.DISCLOSE: "すべて開示する",
    DecisionPolicy.BY_HAND: "職員が1件ずつ判断する",
}


def now(store: Store, standing: Standing, desk: ControlDesk) -> Now:
    """The page of these servers."""

    async def show(typed: Typed) -> tuple[Section, ...]:
        return (
            _one(standing, typed.get("organisation", "")),
            _stopped(desk),
            _configured(standing),
            await _inquiries(store),
            await _sends(store),
        )

    async def submit(_: Typed) -> Mapping[str, str]:
        return {"organisation": "「調べる」のボタンで調べてください。"}

    return Now(show, submit)


def _one(standing: Standing, typed: str) -> Section:
    """The function groups of one organisation, and their limits."""
    found = found_organisation(typed) if typed else None
    view = None if found is None else standing.groups(found.code)
    said, table = "", None
    if typed and not isinstance(view, Groups):
        said = f"「{typed}」の機関はありません。{WHICH_ORGANISATION}を入れてください。"
    elif found is not None and isinstance(view, Groups):
        said = f"{found.name}（{found.code}）： {PROFILES[view.profile].about}"
        rows = tuple(
            (
                f"{each.group} {GROUP_NAMES[each.group]}",
                "受け付けています" if each.takes else "受け付けていません",
                "—" if each.stopped_until is None else f"{moment_of(to_ms(each.stopped_until))}まで",
                _work(each),
                f"{each.per_send_max:,}件",
                f"{each.connections_max:,}本",
            )
            for each in view.groups
        )
        heads = ("機能群", "受付", "計画停止", "処理の始まり", "一回の送信", "同時接続")
        table = Table(heads, rows, "")
    hint = f"{WHICH_ORGANISATION}。例：131016、千代田区"
    return Section(
        "one",
        "1つの機関の機能群と上限",
        said,
        table=table,
        form=Form((Field("organisation", "機関", typed, hint),), "調べる", "get"),
    )


def _work(view: GroupView) -> str:
    """When what is taken is worked on."""
    if not view.takes and view.stopped_until is None:
        return "動かしたあと"
    return moment_of(to_ms(view.works_from))


def _stopped(desk: ControlDesk) -> Section:
    codes = desk.view.stopped_organisations
    return Section(
        "stopped",
        f"止めている機関（{len(codes)}）",
        "すべての中間サーバーを止めています。" if desk.stopped else "",
        table=Table(
            ("機関", "機関コード"),
            tuple((organisation(code).name, code) for code in codes[:LINES_SHOWN_MAX]),
            "1つだけ止めている機関はありません。",
        ),
    )


def _configured(standing: Standing) -> Section:
    found = standing.configured
    return Section(
        "configured",
        f"動き方を変えた機関（{len(found)}）",
        table=Table(
            ("機関", "動き方", "自己情報", "副本の版", "不開示の記録の判断", "計画停止"),
            tuple(_setting(each) for each in found[:LINES_SHOWN_MAX]),
            "どの機関も、既定の動き方です。",
        ),
    )


def _setting(one: Configuration) -> tuple[str, ...]:
    stops = "、".join(
        f"{moment_of(to_ms(stop.start))}から{moment_of(to_ms(stop.end))}まで"
        + (f"（{stop.group}）" if stop.group is not None else "")
        for stop in one.stops
    )
    return (
        organisation(one.organisation).name,
        PROFILES[one.profile].about,
        "電子的に提供" if one.electronic else "書面だけ",
        "前の版" if one.old_layouts else "いまの版",
        POLICIES[one.decision] + (f"（{one.decision_seconds}秒後）" if one.decision_seconds else ""),
        stops or "—",
    )


async def _inquiries(store: Store) -> Section:
    rows = await store.read(records.LATEST, {"place": str(Place.INQUIRER), "most": LINES_SHOWN_MAX})
    kinds = catalogue().information
    return Section(
        "inquiries",
        "新しい照会",
        table=Table(
            ("照会日時", "処理通番", "照会機関", "提供機関", "特定個人情報", "結果"),
            tuple(
                (
                    moment_of(row.requested_ms),
                    row.number,
                    organisation_name(row.inquirer),
                    organisation_name(row.provider),
                    kinds[row.information].name if row.information in kinds else row.information,
                    STATES[InquiryState(row.state)],
                )
                for row in rows
            ),
            "この世界では、まだ照会がありません。",
        ),
    )


async def _sends(store: Store) -> Section:
    rows = await store.read(sends.LATEST, {"most": LINES_SHOWN_MAX})
    return Section(
        "sends",
        "新しい送信",
        table=Table(
            ("日時", "機関", "種類", "名前", "件数", "結果", "理由"),
            tuple(
                (
                    moment_of(row.sent_ms),
                    organisation_name(row.organisation),
                    _KINDS.get(row.kind, row.kind),
                    row.name,
                    f"{row.entries:,}件",
                    "受付" if row.state == SendState.ACCEPTED else "拒否",
                    row.reason or "",
                )
                for row in rows
            ),
            "この世界では、まだ送信がありません。",
        ),
    )


def organisation_name(code: str) -> str:
    try:
        return organisation(code).name
    except UnknownOrganisation:
        return code
