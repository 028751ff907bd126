"""What an organisation keeps on its intermediate server: records and decisions (TKM), duplicate copies (DBM), settings.

The other half of the operations of the intermediate servers; their system is the same.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.disclosure import CopyItem
from portal.wire.linkage import Decision, InquiryNumber, Key, LayoutVersion, PersonNumber, Place
from portal.wire.network import RecordsOfPlace
from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.registry import ResidentChange
from portal.wire.self_information import InformationCode, OrganisationCode
from portal.wire.systems import Party, System

ORGANISATION_SIDE = (Party.OPERATOR,)
"""Who speaks for an organisation: the operator's hand, until back offices are systems of their own."""
SEND_BYTES_MAX = 16 * 1024 * 1024
"""Of one send. Far more than any cap allows (a full inquiry file has 3.2 MB): what is over a cap is read, refused and listed."""
COPIES_IN_SEND_MAX = 100_000
"""Of one send, for the same reason; how many are taken the organisation's profile says."""
DOCUMENT_BYTES_MAX = 400 * 1024
DOCUMENTS_MAX = 3
"""For one person, kind and organisation: together they fit into one delivery."""

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
UserId = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]


class SendState(StrEnum):
    """送信単位の状態."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class SendView(msgspec.Struct, frozen=True):
    """送信 of many things at once: taken as a whole, or refused as a whole and visibly so."""

    organisation: str
    name: str
    kind: str
    state: SendState
    entries: int
    sent_at: datetime
    reason: str | None = None


# TKM 記録


class AskDecision(Message, frozen=True):
    """開示可否の照会 by the core's operator, about one record, of one of its sides (REC-5)."""

    question_id: Key
    number: InquiryNumber
    side: Place
    organisation: OrganisationCode


class ListQuestions(Message, frozen=True):
    organisation: OrganisationCode


class Question(msgspec.Struct, frozen=True):
    question_id: str
    number: str
    side: Place
    asked_at: datetime
    decision: Decision | None


class Questions(msgspec.Struct, frozen=True):
    questions: tuple[Question, ...]


class Decide(Message, frozen=True):
    """開示可否の判断 by the organisation's own hand."""

    question_id: Key
    organisation: OrganisationCode
    decision: Decision


class ListRecords(Message, frozen=True):
    """記録の一覧: of one place, by 処理通番, requested in a period of days."""

    place: Place
    start: date
    end: date
    after: InquiryNumber | None = None


class ListRecordsOfPerson(Message, frozen=True):
    """自機関の記録の照会: about one person, as inquirer and as provider, requested in a period of days."""

    organisation: OrganisationCode
    person: PersonNumber
    start: date
    end: date


class Protect(Message, frozen=True):
    """不開示の設定: records about this person bear this organisation's flag from now on (victims of violence)."""

    organisation: OrganisationCode
    person: PersonNumber
    protected: bool


# DBM 副本


class CopyEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """副本 of one kind about one person."""

    person: PersonNumber
    information: InformationCode
    version: LayoutVersion
    as_of: date
    items: Annotated[tuple[CopyItem, ...], msgspec.Meta(max_length=200)]


class RegisterCopies(Message, frozen=True):
    """副本の登録・更新: one send; all of it or nothing."""

    organisation: OrganisationCode
    name: Key
    copies: Annotated[tuple[CopyEntry, ...], msgspec.Meta(min_length=1, max_length=COPIES_IN_SEND_MAX)]


class DeleteCopy(Message, frozen=True):
    """副本の削除: from now on the organisation holds nothing of this kind about this person."""

    organisation: OrganisationCode
    person: PersonNumber
    information: InformationCode


class RegisterDocument(Message, frozen=True):
    """関連書類の登録 (SELF-8); one of the same name is replaced."""

    organisation: OrganisationCode
    person: PersonNumber
    information: InformationCode
    name: Name
    media_type: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}$(?!\n)")]
    content: Annotated[bytes, msgspec.Meta(min_length=1, max_length=DOCUMENT_BYTES_MAX)]


class DeleteDocument(Message, frozen=True):
    """関連書類の削除: from now on it goes with no self-information; what was answered before keeps it."""

    organisation: OrganisationCode
    person: PersonNumber
    information: InformationCode
    name: Name


class Withhold(Message, frozen=True):
    """不開示の登録 (SELF-9): these items, or everything, are left out of self-information. Nothing named: nothing."""

    organisation: OrganisationCode
    person: PersonNumber
    information: InformationCode
    everything: bool = False
    items: Annotated[tuple[Name, ...], msgspec.Meta(max_length=200)] = ()


# SYM システム


class DecisionPolicy(StrEnum):
    """How an organisation decides about its own flagged records."""

    WITHHOLD = "withhold"
    DISCLOSE = "disclose"
    BY_HAND = "by_hand"


class Group(StrEnum):
    """機能群: the function groups of an intermediate server (DOMAIN.md 4)."""

    SKI = "SKI"
    """情報照会"""
    TKY = "TKY"
    """情報提供"""
    TKM = "TKM"
    """記録の管理"""
    DBM = "DBM"
    """副本の管理"""
    SCM = "SCM"
    """セキュリティ"""
    SYM = "SYM"
    """システム"""
    JTK = "JTK"
    """自己情報"""
    OSR = "OSR"
    """お知らせ"""
    FGU = "FGU"
    """符号"""


class PlannedStop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """計画停止"""

    start: datetime
    end: datetime
    group: Group | None = None
    """Only of this function group; None for the whole server."""


class GroupView(msgspec.Struct, frozen=True):
    """機能群の状態 at one organisation, at this moment."""

    group: Group
    takes: bool
    """Whether requests are taken now."""
    stopped_until: datetime | None
    """The end of a planned stop."""
    works_from: datetime
    """When what was taken is worked on: now, or when the service hours begin."""
    per_send_max: int
    connections_max: int
    """Of the whole server."""


class Groups(msgspec.Struct, frozen=True):
    organisation: str
    profile: str
    groups: tuple[GroupView, ...]


class Configure(Message, frozen=True):
    """機関の設定: how one organisation's intermediate server behaves. What is not said is as usual."""

    organisation: OrganisationCode
    profile: Annotated[str, msgspec.Meta(max_length=40)] = "always"
    """Service hours, caps and latency: a name in ``sim.intermediate.profiles``."""
    electronic: bool = True
    """Whether self-information is provided electronically (SELF-5)."""
    old_layouts: bool = False
    """Copies are still in the layout before the one that is valid now."""
    decision: DecisionPolicy = DecisionPolicy.WITHHOLD
    decision_seconds: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)] = 0
    """How long a decision takes."""
    stops: Annotated[tuple[PlannedStop, ...], msgspec.Meta(max_length=20)] = ()


class OneOrganisation(Message, frozen=True):
    organisation: OrganisationCode


class Configuration(msgspec.Struct, frozen=True):
    organisation: str
    profile: str
    electronic: bool
    old_layouts: bool
    decision: DecisionPolicy
    decision_seconds: int
    stops: tuple[PlannedStop, ...]


class Sends(msgspec.Struct, frozen=True):
    """Newest first."""

    sends: tuple[SendView, ...]


# SCM セキュリティ


class BarUser(Message, frozen=True):
    """照会端末の利用制限: only the organisation's own staff may inquire, a contractor may not (DOMAIN.md 1)."""

    organisation: OrganisationCode
    user: UserId
    barred: bool


SIDE_PROBLEMS = (P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED)

ASK_DECISION = Operation(
    "intermediate.ask_decision", System.INTERMEDIATE, Method.POST, "/tkm/questions", AskDecision, Done,
    callers=[System.NETWORK], repeatable=True, status=202, requirements=["REC-5"],
    summary="不開示の記録を開示してよいか、機関に尋ねる", problems=SIDE_PROBLEMS,
)  # fmt: skip

LIST_QUESTIONS = Operation(
    "intermediate.list_questions", System.INTERMEDIATE, Method.GET, "/tkm/questions", ListQuestions, Questions,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["REC-5"], summary="判断を待つ記録の一覧", problems=SIDE_PROBLEMS,
)  # fmt: skip

DECIDE = Operation(
    "intermediate.decide", System.INTERMEDIATE, Method.PUT, "/tkm/questions/{question_id}/decision", Decide, Done,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["REC-5"], summary="記録の開示可否を判断する",
    problems=[*SIDE_PROBLEMS, P.CONFLICT],
)  # fmt: skip

LIST_RECORDS = Operation(
    "intermediate.list_records", System.INTERMEDIATE, Method.GET, "/tkm/records", ListRecords, RecordsOfPlace,
    callers=[System.NETWORK, Party.OPERATOR], repeatable=True, requirements=["REC-2"],
    summary="照会側または提供側の情報提供等記録", problems=[P.STOPPED],
)  # fmt: skip

LIST_RECORDS_OF_PERSON = Operation(
    "intermediate.list_records_of_person", System.INTERMEDIATE, Method.GET, "/tkm/records/of-person",
    ListRecordsOfPerson, RecordsOfPlace, callers=ORGANISATION_SIDE, repeatable=True, requirements=["REC-2"],
    summary="1人についての、自機関の情報提供等記録（世界が始まる前のものを含む）", problems=[P.NOT_FOUND, P.STOPPED],
)  # fmt: skip

PROTECT = Operation(
    "intermediate.protect", System.INTERMEDIATE, Method.PUT, "/tkm/protections", Protect, Done,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["REC-5"],
    summary="この人についての記録を不開示にする", problems=SIDE_PROBLEMS,
)  # fmt: skip

REGISTER_COPIES = Operation(
    "intermediate.register_copies", System.INTERMEDIATE, Method.POST, "/dbm/copies", RegisterCopies, SendView,
    callers=ORGANISATION_SIDE, repeatable=True, status=201, requirements=["USE-1", "SELF-6"],
    summary="副本を登録・更新する", problems=[*SIDE_PROBLEMS, P.CONFLICT], body_bytes_max=SEND_BYTES_MAX,
)  # fmt: skip

DELETE_COPY = Operation(
    "intermediate.delete_copy", System.INTERMEDIATE, Method.DELETE, "/dbm/copies", DeleteCopy, Done,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["USE-1"], summary="副本を削除する", problems=SIDE_PROBLEMS,
)  # fmt: skip

REGISTER_DOCUMENT = Operation(
    "intermediate.register_document", System.INTERMEDIATE, Method.PUT, "/dbm/documents", RegisterDocument, Done,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["SELF-8", "USE-3"],
    summary="データ標準レイアウトにない関連書類を登録する", problems=[*SIDE_PROBLEMS, P.CONFLICT],
    body_bytes_max=2 * DOCUMENT_BYTES_MAX,
)  # fmt: skip

DELETE_DOCUMENT = Operation(
    "intermediate.delete_document", System.INTERMEDIATE, Method.DELETE, "/dbm/documents", DeleteDocument, Done,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["SELF-8"], summary="関連書類を外す", problems=SIDE_PROBLEMS,
)  # fmt: skip

WITHHOLD = Operation(
    "intermediate.withhold", System.INTERMEDIATE, Method.PUT, "/jtk/withholdings", Withhold, Done,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["SELF-9"], summary="自己情報の項目を不開示にする",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

CONFIGURE = Operation(
    "intermediate.configure", System.INTERMEDIATE, Method.PUT, "/sym/organisations/{organisation}", Configure,
    Configuration, callers=ORGANISATION_SIDE, repeatable=True, requirements=["SELF-5", "SELF-6"],
    summary="機関の中間サーバーの動き方を決める", problems=SIDE_PROBLEMS,
)  # fmt: skip

VIEW_CONFIGURATION = Operation(
    "intermediate.view_configuration", System.INTERMEDIATE, Method.GET, "/sym/organisations/{organisation}",
    OneOrganisation, Configuration, callers=ORGANISATION_SIDE, repeatable=True, summary="機関の中間サーバーの動き方を見る",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

VIEW_GROUPS = Operation(
    "intermediate.view_groups", System.INTERMEDIATE, Method.GET, "/sym/organisations/{organisation}/groups",
    OneOrganisation, Groups, callers=ORGANISATION_SIDE, repeatable=True, requirements=["SELF-6"],
    summary="機能群ごとの受付・上限・停止を見る", problems=[P.NOT_FOUND],
)  # fmt: skip

LIST_SENDS = Operation(
    "intermediate.list_sends", System.INTERMEDIATE, Method.GET, "/sym/sends", OneOrganisation, Sends,
    callers=ORGANISATION_SIDE, repeatable=True, summary="送信の受付結果の一覧（受け付けなかったものと理由を含む）",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

BAR_USER = Operation(
    "intermediate.bar_user", System.INTERMEDIATE, Method.PUT, "/scm/users", BarUser, Done,
    callers=ORGANISATION_SIDE, repeatable=True, summary="照会端末を使えない人（委託先など）を決める", problems=SIDE_PROBLEMS,
)  # fmt: skip

NOTE_RESIDENT = Operation(
    "intermediate.note_resident", System.INTERMEDIATE, Method.POST, "/dbm/residents", ResidentChange, Done,
    callers=[System.REGISTRY], repeatable=True, requirements=["USE-2"],
    summary="住民の異動を受け取り、その人の副本に反映する", problems=[P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip

OPERATIONS = (
    ASK_DECISION,
    LIST_QUESTIONS,
    DECIDE,
    LIST_RECORDS,
    LIST_RECORDS_OF_PERSON,
    PROTECT,
    REGISTER_COPIES,
    DELETE_COPY,
    REGISTER_DOCUMENT,
    DELETE_DOCUMENT,
    WITHHOLD,
    CONFIGURE,
    VIEW_CONFIGURATION,
    VIEW_GROUPS,
    LIST_SENDS,
    BAR_USER,
    NOTE_RESIDENT,
)
