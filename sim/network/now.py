"""What goes on at the core system, for its page: the traffic of other organisations, the latest inquiries, reconciling."""

from collections.abc import Mapping

import msgspec

from portal.store.store import Store
from portal.wire.complaints import complaint
from portal.wire.dates import wrong_date
from portal.wire.linkage import InquiryState, Outcome, Place, Refusal
from portal.wire.network import DifferenceKind, Reconcile, Reconciliation, SetTraffic
from portal.wire.problems import Problem
from sim.entrance.now import LINES_SHOWN_MAX, Field, Form, Now, Section, Table, Typed, moment_of
from sim.network.facts import CoreFacts
from sim.network.rates import OFF, RATES
from sim.network.reconciling import Reconciling
from sim.network.records import tables as records
from sim.network.traffic_desk import TrafficDesk

STATES: Mapping[InquiryState, str] = {
    InquiryState.PENDING: "処理中",
    InquiryState.PROVIDED: "提供",
    InquiryState.NOT_PROVIDED: "不提供",
    InquiryState.REFUSED: "照会不可",
    InquiryState.UNANSWERED: "回答なし",
}
REASONS: Mapping[str, str] = {
    Refusal.WRONG_CHECK_DIGIT: "機関コードの検査数字の誤り",
    Refusal.UNKNOWN_ORGANISATION: "機関コードの機関がない",
    Refusal.UNKNOWN_PERSON: "符号の人がいない",
    Refusal.UNKNOWN_AFFAIR: "事務コードがない",
    Refusal.UNKNOWN_PROCEDURE: "事務手続コードがない",
    Refusal.PROCEDURE_OF_ANOTHER_AFFAIR: "ほかの事務の手続",
    Refusal.UNKNOWN_INFORMATION: "特定個人情報名コードがない",
    Refusal.UNKNOWN_LAYOUT: "データ標準レイアウトの版がない",
    Refusal.ASSESSMENT_MISSING: "特定個人情報保護評価の不備",
    Refusal.AFFAIR_NOT_ALLOWED: "照会機関の事務でない",
    Refusal.NOT_PERMITTED: "許可表にない",
    Outcome.NOT_HELD: "該当なし",
    Outcome.LAYOUT_MISMATCH: "版の不一致",
    Outcome.PROVIDED: "",
}
"""Why an inquiry came to what it came to."""


DIFFERENCES: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING: "記録がない",
    DifferenceKind.UNEXPECTED: "あるはずのない記録がある",
    DifferenceKind.DIFFERS: "内容が違う",
}
PLACES: Mapping[Place, str] = {
    Place.CORE: "コアシステム",
    Place.INQUIRER: "照会側",
    Place.PROVIDER: "提供側",
}


def now(store: Store, facts: CoreFacts, flow: TrafficDesk, reconciling: Reconciling) -> Now:
    """The page of this core."""

    async def show(typed: Typed) -> tuple[Section, ...]:
        return (_traffic(flow, typed), await _latest(store, facts), await _reconciled(reconciling, typed))

    async def submit(typed: Typed) -> Mapping[str, str]:
        rate = typed.get("rate", "")
        if not 1 <= len(rate) <= 20:
            return {"rate": "流す量を入れてください。"}
        outcome = await flow.set(SetTraffic(rate))
        return {"rate": outcome.detail} if isinstance(outcome, Problem) else {}

    return Now(show, submit)


def _traffic(flow: TrafficDesk, typed: Typed) -> Section:
    view = flow.view
    says = "流していません" if view.per_second == 0 else f"1秒に{view.per_second:g}件"
    reached = view.reached_per_second
    came = "流し始めたばかりで、まだ分かりません" if reached is None else f"1秒に{reached:g}件"
    names = "、".join(f"{name}（{rate:g}件）" for name, rate in RATES.items())
    return Section(
        "traffic",
        "ほかの機関どうしの照会",
        "流している間、全国の機関が互いに情報を照会し、やりとりの記録が増えます。"
        "20秒に1件ほどは、世界の入口にのっている住民についての照会です。",
        (
            ("流す量", says),
            ("実際に受け付けられた量", came),
            ("受け付けられた件数", f"{view.taken}件"),
            ("中間サーバーが断った件数", f"{view.refused}件"),
            ("間に合わず見送った件数", f"{view.left_out}件"),
        ),
        form=Form(
            (
                Field(
                    "rate",
                    "流す量",
                    typed.get("rate", view.rate),
                    f"{OFF}（止める）、{names}、または1秒あたりの件数。",
                ),
            ),
            "変える",
        ),
    )


async def _reconciled(reconciling: Reconciling, typed: Typed) -> Section:
    """記録の突合 of a period, when one is asked for; looking changes nothing."""
    asked = {name: typed.get(name, "") for name in ("start", "end")}
    said, table = "照会側・提供側・コアシステムの3つの記録を比べます。途中のものは、相違に数えません。", None
    if any(asked.values()):
        outcome = await _compared(reconciling, asked)
        if isinstance(outcome, str):
            said = outcome
        else:
            differences = outcome.differences
            more = f"はじめの{LINES_SHOWN_MAX}件を示します。" if len(differences) > LINES_SHOWN_MAX else ""
            said = (
                f"{outcome.inquiries:,}件の照会のうち、途中のものが{outcome.underway:,}件、"
                f"相違が{len(differences):,}件です。{more}"
            )
            table = Table(
                ("処理通番", "場所", "相違", "項目", "コアシステムの値", "その場所の値"),
                tuple(
                    (
                        each.number,
                        PLACES[each.place],
                        DIFFERENCES[each.kind],
                        each.field or "",
                        each.core_value or "",
                        each.place_value or "",
                    )
                    for each in differences[:LINES_SHOWN_MAX]
                ),
                "相違はありません。",
            )
    fields = (
        Field("start", "はじめの日", asked["start"], "例：2026-04-01"),
        Field("end", "おわりの日", asked["end"], "この日も含みます。"),
    )
    return Section(
        "reconciliation", "記録の突合", said, table=table, form=Form(fields, "突き合わせる", "get")
    )


async def _compared(reconciling: Reconciling, asked: Mapping[str, str]) -> Reconciliation | str:
    """What it found, or why it could not look."""
    try:
        request = msgspec.convert(asked, Reconcile, strict=False)
    except msgspec.ValidationError as error:
        return f"{complaint(error)[0]}。例：2026-04-01"
    if (wrong := wrong_date(request)) is not None:
        return f"{wrong.words}。"
    outcome = await reconciling.reconcile(request)
    return outcome.detail if isinstance(outcome, Problem) else outcome


async def _latest(store: Store, facts: CoreFacts) -> Section:
    rows = await store.read(records.LATEST, {"place": str(Place.CORE), "most": LINES_SHOWN_MAX})
    return Section(
        "inquiries",
        "新しい照会",
        table=Table(
            ("照会日時", "照会機関", "提供機関", "特定個人情報", "結果", "理由"),
            tuple(
                (
                    moment_of(row.requested_ms),
                    facts.named(row.inquirer).name,
                    facts.named(row.provider).name,
                    facts.shown(row).information.name,
                    STATES[InquiryState(row.state)],
                    REASONS.get(row.reason or "", ""),
                )
                for row in rows
            ),
            "この世界では、まだ照会がありません。",
        ),
    )
