"""不開示と関連書類: what an organisation's clerk decides about residents, at a terminal in its own network (TKM, DBM, JTK).

The same operations as over the API, through a connection of the organisation like any other; it asks for no password,
as the page of notices asks for none.
"""

import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from portal.wire.complaints import complaint
from portal.wire.intermediate_keeping import (
    DOCUMENTS_MAX,
    Configuration,
    Configure,
    Decide,
    DecisionPolicy,
    DeleteDocument,
    Group,
    Protect,
    Question,
    RegisterDocument,
    Withhold,
)
from portal.wire.linkage import Decision
from portal.wire.moments import to_ms
from portal.wire.operation import Message
from portal.wire.problems import Problem
from sim.entrance.entrance import WHICH_ORGANISATION, found_organisation
from sim.entrance.now import LINES_SHOWN_MAX, Field, Form, Now, Section, Table, Typed, moment_of
from sim.intermediate.now import POLICIES
from sim.intermediate.records_page import PERSON_HINT, SIDES, person_named
from sim.intermediate.service import IntermediateServers
from sim.nation.catalogue import catalogue

Req = TypeVar("Req", bound=Message)
Errors = Mapping[str, str]

KEEPING: Final = "/keeping"
TITLE: Final = "不開示と関連書類"
_ORGANISATION = f"{WHICH_ORGANISATION}。例：131016、千代田区"
_COMMAS: Final = re.compile("[,，､、\n]")
_DECISIONS: Final = {Decision.DISCLOSE: "開示する", Decision.WITHHOLD: "不開示にする"}
_EXTENTS: Final = (
    ("items", "項目を指定する"),
    ("everything", "すべて不開示にする"),
    ("nothing", "不開示をやめる"),
)
_PROTECTIONS: Final = (("yes", "不開示にする"), ("no", "やめる"))


def keeping_page(servers: IntermediateServers) -> Now:
    """The page of these servers."""
    page = _Page(servers)
    return Now(page.show, page.submit, KEEPING, TITLE)


class _Page:
    def __init__(self, servers: IntermediateServers) -> None:
        self._servers = servers
        self._works: Mapping[str, Callable[[Typed], Awaitable[Errors]]] = {
            "withholding": self._withhold,
            "document": self._register_document,
            "removal": self._remove_document,
            "protection": self._protect,
            "policy": self._choose_policy,
            "decision": self._decide,
        }

    async def show(self, typed: Typed) -> tuple[Section, ...]:
        return (
            _withholding(typed),
            _document(typed),
            _removal(typed),
            _protection(typed),
            _policy(typed),
            *await self._questions(typed),
        )

    async def submit(self, typed: Typed) -> Errors:
        work = self._works.get(typed.get("section", ""))
        if work is None:
            return {"withholding_organisation": "このページのボタンで送ってください。"}
        return await work(typed)

    async def _withhold(self, typed: Typed) -> Errors:
        extent = typed.get("withholding_extent", "")
        if extent not in dict(_EXTENTS):
            return {"withholding_extent": "どれか1つを選んでください。"}
        names = tuple(
            name.strip() for name in _COMMAS.split(typed.get("withholding_items", "")) if name.strip()
        )
        if extent == "items" and not names:
            return {"withholding_items": "不開示にする項目の名前を入れてください。"}
        if extent != "items" and names:
            return {"withholding_items": "項目を指定するときだけ入れてください。"}
        more = {
            "information": _code_of(typed.get("withholding_information", "")),
            "everything": extent == "everything",
            "items": names,
        }
        return await self._do(typed, "withholding", Group.JTK, Withhold, more, self._servers.copies.withhold)

    async def _register_document(self, typed: Typed) -> Errors:
        content = typed.get("document_content", "")
        if not content:
            return {"document_content": "書類の文章を入れてください。"}
        more = {
            "information": _code_of(typed.get("document_information", "")),
            "name": typed.get("document_name", ""),
            "media_type": "text/plain",
            "content": content.encode(),
        }
        return await self._do(
            typed, "document", Group.DBM, RegisterDocument, more, self._servers.copies.register_document
        )

    async def _remove_document(self, typed: Typed) -> Errors:
        more = {
            "information": _code_of(typed.get("removal_information", "")),
            "name": typed.get("removal_name", ""),
        }
        return await self._do(
            typed, "removal", Group.DBM, DeleteDocument, more, self._servers.copies.delete_document
        )

    async def _choose_policy(self, typed: Typed) -> Errors:
        wanted = typed.get("policy_decision", "")
        if wanted not in set(DecisionPolicy):
            return {"policy_decision": "どれか1つを選んでください。"}
        standing = self._servers.standing

        async def choose(request: Configure) -> Configuration | Problem:
            before = msgspec.structs.asdict(standing.of(request.organisation))
            return await standing.configure(Configure(**{**before, "decision": request.decision}))

        return await self._do(
            typed, "policy", Group.SYM, Configure, {"decision": wanted}, choose, about_person=False
        )

    async def _protect(self, typed: Typed) -> Errors:
        wanted = typed.get("protection_protected", "")
        if wanted not in dict(_PROTECTIONS):
            return {"protection_protected": "どちらかを選んでください。"}
        return await self._do(
            typed,
            "protection",
            Group.TKM,
            Protect,
            {"protected": wanted == "yes"},
            self._servers.standing.protect,
        )

    async def _decide(self, typed: Typed) -> Errors:
        if typed.get("decision_decision", "") not in set(Decision):
            return {"decision_decision": "どちらかを選んでください。"}
        more = {
            "question_id": typed.get("decision_question_id", ""),
            "decision": typed["decision_decision"],
        }
        errors = await self._do(
            typed, "decision", Group.TKM, Decide, more, self._servers.deciding.decide, about_person=False
        )
        # The form is there only while a record waits; the one that looks for them always is.
        return {name.replace("decision_organisation", "organisation"): said for name, said in errors.items()}

    async def _do(
        self,
        typed: Typed,
        section: str,
        group: Group,
        kind: type[Req],
        more: Mapping[str, Any],
        work: Callable[[Req], Awaitable[Any]],
        *,
        about_person: bool = True,
    ) -> Errors:
        """What a form wants, over a connection of its organisation; or what is wrong with which field."""
        code = f"{section}_organisation"
        body = found_organisation(typed.get(code, ""))
        if body is None:
            return {code: f"この機関はありません。{WHICH_ORGANISATION}を入れてください。"}
        whole: dict[str, Any] = {**more, "organisation": body.code}
        if about_person:
            person = person_named(self._servers, typed.get(f"{section}_person", ""))
            if person is None:
                return {
                    f"{section}_person": "この番号の人はいません。統合宛名番号か住民番号を入れてください。"
                }
            whole["person"] = person
        try:
            request = msgspec.convert(whole, kind)
        except msgspec.ValidationError as error:
            words, where = complaint(error)
            return {_field(section, where): f"{words}。"}
        outcome = await self._servers.standing.admit(body.code, lambda: work(request), group)
        return {_field(section, outcome.field): outcome.detail} if isinstance(outcome, Problem) else {}

    async def _questions(self, typed: Typed) -> tuple[Section, ...]:
        """Which records the core asks an organisation about, and the form that answers."""
        code = typed.get("organisation", "") or typed.get("decision_organisation", "")
        body = found_organisation(code) if code else None
        found: tuple[Question, ...] = ()
        said = "コアシステムが、不開示の記録を開示してよいか機関に尋ねます。機関を入れて調べてください。"
        if code and body is None:
            said = f"「{code}」の機関はありません。"
        elif body is not None:
            found = (await self._servers.deciding.questions(body.code)).questions
            said = f"{body.name}（{body.code}）"
        waiting = tuple(each for each in found if each.decision is None)[:LINES_SHOWN_MAX]
        looked = Section(
            "questions",
            "開示してよいか尋ねられている記録",
            said,
            table=None if body is None else _table(found),
            form=Form((Field("organisation", "機関", code, _ORGANISATION),), "調べる", "get"),
        )
        if body is None or not waiting:
            return (looked,)
        fields = (
            Field("decision_organisation", "機関", body.code, _ORGANISATION),
            Field(
                "decision_question_id",
                "記録",
                typed.get("decision_question_id", ""),
                options=tuple(
                    (
                        each.question_id,
                        f"{each.number}（{SIDES[each.side]}、{moment_of(to_ms(each.asked_at))}）",
                    )
                    for each in waiting
                ),
            ),
            Field(
                "decision_decision",
                "判断",
                typed.get("decision_decision", ""),
                "一度判断すると、変えられません。",
                options=tuple((str(decision), words) for decision, words in _DECISIONS.items()),
            ),
        )
        return looked, Section("decision", "記録の開示可否を判断する", form=Form(fields, "判断する"))


def _field(section: str, where: str | None) -> str:
    """``$.items[0]`` → ``withholding_items``; what is said of no field stands at the organisation."""
    name = (where or "").removeprefix("$").removeprefix(".").partition("[")[0].partition(".")[0]
    return f"{section}_{name or 'organisation'}"


def _table(questions: tuple[Question, ...]) -> Table:
    return Table(
        ("尋ねられた日時", "処理通番", "どちら側として", "判断"),
        tuple(
            (
                moment_of(to_ms(each.asked_at)),
                each.number,
                SIDES[each.side],
                "まだ" if each.decision is None else _DECISIONS[each.decision],
            )
            for each in questions[:LINES_SHOWN_MAX]
        ),
        "尋ねられている記録はありません。",
    )


def _whose(section: str, typed: Typed) -> tuple[Field, Field]:
    organisation, person = f"{section}_organisation", f"{section}_person"
    return (
        Field(organisation, "機関", typed.get(organisation, ""), _ORGANISATION),
        Field(person, "住民", typed.get(person, ""), PERSON_HINT),
    )


def _information(section: str, typed: Typed) -> Field:
    name = f"{section}_information"
    return Field(
        name,
        "特定個人情報",
        typed.get(name, ""),
        "名前か特定個人情報名コード。例：住民票関係情報、TM00000000000002",
    )


def _code_of(text: str) -> str:
    """The code of a kind that is named, or of the only one whose name holds this; another text as it is."""
    text = unicodedata.normalize("NFKC", text)
    kinds = catalogue().information
    exact = [code for code, kind in kinds.items() if kind.name == text]
    found = exact or [code for code, kind in kinds.items() if text and text in kind.name]
    return found[0] if len(found) == 1 else text


def _withholding(typed: Typed) -> Section:
    return Section(
        "withholding",
        "自己情報の項目を不開示にする",
        "開示を求められても、ここで指定した項目は見せません。機関どうしの照会には影響しません。",
        form=Form(
            (
                *_whose("withholding", typed),
                _information("withholding", typed),
                Field(
                    "withholding_extent",
                    "どこまで",
                    typed.get("withholding_extent", ""),
                    options=_EXTENTS,
                ),
                Field(
                    "withholding_items",
                    "項目",
                    typed.get("withholding_items", ""),
                    "項目を指定するときに、名前をコンマで区切って。例：世帯主との続柄、世帯人員",
                    required=False,
                ),
            ),
            "登録する",
        ),
    )


def _document(typed: Typed) -> Section:
    return Section(
        "document",
        "関連書類を添える",
        "データ標準レイアウトにない書類を、文章で添えます。同じ名前の書類は置きかわります。"
        f"1人の1つの特定個人情報に{DOCUMENTS_MAX}件までです。PDFなどはAPIで添えられます。",
        form=Form(
            (
                *_whose("document", typed),
                _information("document", typed),
                Field(
                    "document_name",
                    "書類の名前",
                    typed.get("document_name", ""),
                    "例：昨年の現況届.txt",
                ),
                Field("document_content", "書類の文章", typed.get("document_content", "")),
            ),
            "添える",
        ),
    )


def _removal(typed: Typed) -> Section:
    return Section(
        "removal",
        "関連書類を外す",
        "これからの開示に添えられなくなります。開示済みのものには残ります。",
        form=Form(
            (
                *_whose("removal", typed),
                _information("removal", typed),
                Field("removal_name", "書類の名前", typed.get("removal_name", ""), "例：昨年の現況届.txt"),
            ),
            "外す",
        ),
    )


def _policy(typed: Typed) -> Section:
    return Section(
        "policy",
        "不開示の記録をどう判断するか",
        "不開示の印のある記録を開示してよいかと尋ねられたときの、機関の決め方です。"
        "「職員が1件ずつ判断する」を選ぶと、下の一覧で判断するまで答えません。",
        form=Form(
            (
                Field("policy_organisation", "機関", typed.get("policy_organisation", ""), _ORGANISATION),
                Field(
                    "policy_decision",
                    "判断",
                    typed.get("policy_decision", ""),
                    options=tuple((str(policy), words) for policy, words in POLICIES.items()),
                ),
            ),
            "決める",
        ),
    )


def _protection(typed: Typed) -> Section:
    return Section(
        "protection",
        "記録を不開示にする人",
        "この人についてのこれからの記録に、この機関の不開示の印を付けます（配偶者からの暴力の被害者など）。",
        form=Form(
            (
                *_whose("protection", typed),
                Field(
                    "protection_protected",
                    "不開示",
                    typed.get("protection_protected", ""),
                    options=_PROTECTIONS,
                ),
            ),
            "登録する",
        ),
    )
