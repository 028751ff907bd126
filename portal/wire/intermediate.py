"""Operations of the intermediate servers (中間サーバー), all organisations behind one address.

The first part of a path is the function group (DOMAIN.md 4): SKI 照会, TKY 提供, JTK 自己情報 and FGU 符号 here; what an
organisation keeps on its server stands in `intermediate_keeping.py`.
"""

from datetime import datetime
from typing import Annotated

import msgspec

from portal.wire import limits
from portal.wire.deliveries import RequestId
from portal.wire.intermediate_keeping import (
    ORGANISATION_SIDE,
    SEND_BYTES_MAX,
    SIDE_PROBLEMS,
    SendView,
    UserId,
)
from portal.wire.linkage import (
    AffairCode,
    Asked,
    InquiryNumber,
    InquiryState,
    Key,
    LayoutVersion,
    Outcome,
    PersonNumber,
    ProcedureCode,
    ProvidedContent,
)
from portal.wire.network import LinkageCode
from portal.wire.operation import Done, Message, Method, Operation
from portal.wire.problems import ProblemCode as P
from portal.wire.self_information import InformationCode, OrganisationCode
from portal.wire.systems import System


class ProvideSelfInformation(Message, frozen=True):
    """自己情報提供要求 (JTK), in the provider's own code for the person."""

    request_id: RequestId
    organisation: OrganisationCode
    code: LinkageCode
    information: InformationCode


class Accepted(msgspec.Struct, frozen=True):
    """受け付けた: written down; the answer goes straight to the portal's folder."""

    request_id: str


# SKI 照会


class MakeInquiry(Message, frozen=True):
    """情報照会 by an organisation's own side about a person whom it knows by its own number."""

    request_id: Key
    """The organisation's own: the same again is the same inquiry."""
    inquirer: OrganisationCode
    person: PersonNumber
    affair: AffairCode
    procedure: ProcedureCode
    provider: OrganisationCode
    information: InformationCode
    version: LayoutVersion | None = None
    withheld: bool = False
    """照会側不開示コード: this record may not be disclosed without being asked."""
    user: UserId | None = None
    """Who sits at the terminal."""


class InquiryReceipt(msgspec.Struct, frozen=True):
    number: str
    """処理通番"""


class OneInquiry(Message, frozen=True):
    number: InquiryNumber
    organisation: OrganisationCode


class InquiryResult(msgspec.Struct, frozen=True):
    """照会結果: fetched by 処理通番, as often as one likes while it is kept."""

    number: str
    state: InquiryState
    reason: str | None = None
    """A :class:`portal.wire.linkage.Refusal` or :class:`~portal.wire.linkage.Outcome`."""
    content: ProvidedContent | None = None


class ReceiveAnswer(Message, frozen=True):
    """照会結果の受け渡し: from the provider's server to the inquirer's; the core does not see the content."""

    number: InquiryNumber
    inquirer: OrganisationCode
    outcome: Outcome
    provided_at: datetime
    withheld: bool = False
    """提供側不開示コード"""
    content: ProvidedContent | None = None


class SubmitFile(Message, frozen=True):
    """一括照会ファイル (DOMAIN.md 4): all of it or nothing."""

    organisation: OrganisationCode
    name: Annotated[str, msgspec.Meta(max_length=40)]
    content: bytes


class OneFile(Message, frozen=True):
    organisation: OrganisationCode
    name: Annotated[str, msgspec.Meta(max_length=40)]


class FileResult(msgspec.Struct, frozen=True):
    """一括照会の結果ファイル: one line for each inquiry, in the file's order."""

    name: str
    entries: int
    waiting: int
    content: bytes


# TKY 提供


class NotifyProvider(Message, frozen=True):
    """情報提供の求めの通知, in the provider's own code: who is notified must answer."""

    number: InquiryNumber
    code: LinkageCode
    asked: Asked
    requested_at: datetime
    withheld: bool = False
    """照会側不開示コード"""


class Notified(msgspec.Struct, frozen=True):
    """通知を受け付けた: whether the provider's record bears its flag (提供側不開示コード)."""

    withheld: bool


# FGU 符号


class BeginAcquisition(Message, frozen=True):
    """符号の取得の開始: the server draws a 取得番号, which goes to the registry with the 住民票コード."""

    organisation: OrganisationCode
    person: PersonNumber


class Begun(msgspec.Struct, frozen=True):
    acquisition_number: str


class ReceiveCode(Message, frozen=True):
    """符号の受領: the core sends the code under the 取得番号, which is erased with this."""

    organisation: OrganisationCode
    acquisition_number: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    code: LinkageCode


class OnePerson(Message, frozen=True):
    organisation: OrganisationCode
    person: PersonNumber


class Acquisition(msgspec.Struct, frozen=True):
    """Whether the code has come; the code itself never leaves the server."""

    acquired: bool
    failure: str | None = None
    """Why nothing came under the number that was drawn last, in words; None when nothing has gone wrong."""


PROVIDE_SELF_INFORMATION = Operation(
    "intermediate.provide_self_information", System.INTERMEDIATE, Method.POST, "/jtk/provisions",
    ProvideSelfInformation, Accepted, callers=[System.NETWORK], repeatable=True, status=202,
    requirements=["SELF-3", "SELF-6"], summary="自己情報の提供要求を受け付ける",
    problems=[P.NOT_FOUND, P.STOPPED, P.STORAGE_REFUSED],
)  # fmt: skip


MAKE_INQUIRY = Operation(
    "intermediate.make_inquiry", System.INTERMEDIATE, Method.POST, "/ski/inquiries", MakeInquiry, InquiryReceipt,
    callers=ORGANISATION_SIDE, repeatable=True, status=202, requirements=["USE-2"],
    summary="情報照会を依頼し、処理通番を受け取る", problems=[*SIDE_PROBLEMS, P.NOT_PERMITTED],
)  # fmt: skip

FETCH_RESULT = Operation(
    "intermediate.fetch_result", System.INTERMEDIATE, Method.GET, "/ski/inquiries/{number}", OneInquiry, InquiryResult,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["USE-2"], summary="処理通番で照会結果を受け取る",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

RECEIVE_ANSWER = Operation(
    "intermediate.receive_answer", System.INTERMEDIATE, Method.POST, "/ski/answers", ReceiveAnswer, Done,
    callers=[System.INTERMEDIATE], repeatable=True, requirements=["USE-2"],
    summary="提供機関の中間サーバーから照会結果を受け取る", problems=SIDE_PROBLEMS, body_bytes_max=limits.DELIVERY_BYTES_MAX,
)  # fmt: skip

SUBMIT_FILE = Operation(
    "intermediate.submit_file", System.INTERMEDIATE, Method.POST, "/ski/files", SubmitFile, SendView,
    callers=ORGANISATION_SIDE, repeatable=True, status=202, requirements=["USE-2"],
    summary="一括照会ファイルを受け付ける（全件か、誤りがあれば0件）", problems=[*SIDE_PROBLEMS, P.CONFLICT],
    body_bytes_max=SEND_BYTES_MAX,
)  # fmt: skip

FETCH_FILE_RESULT = Operation(
    "intermediate.fetch_file_result", System.INTERMEDIATE, Method.GET, "/ski/files/{name}", OneFile, FileResult,
    callers=ORGANISATION_SIDE, repeatable=True, requirements=["USE-2"], summary="一括照会の結果ファイルを受け取る",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

NOTIFY_PROVIDER = Operation(
    "intermediate.notify_provider", System.INTERMEDIATE, Method.POST, "/tky/notices", NotifyProvider, Notified,
    callers=[System.NETWORK], repeatable=True, status=202, requirements=["USE-2", "REC-2"],
    summary="情報提供の求めの通知を受け付ける", problems=SIDE_PROBLEMS,
)  # fmt: skip

BEGIN_ACQUISITION = Operation(
    "intermediate.begin_acquisition", System.INTERMEDIATE, Method.POST, "/fgu/acquisitions", BeginAcquisition, Begun,
    callers=ORGANISATION_SIDE, repeatable=False, status=201, requirements=["USE-2"], summary="符号の取得番号を出す",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

VIEW_ACQUISITION = Operation(
    "intermediate.view_acquisition", System.INTERMEDIATE, Method.GET, "/fgu/acquisitions", OnePerson, Acquisition,
    callers=ORGANISATION_SIDE, repeatable=True, summary="符号が届いたかを見る", problems=SIDE_PROBLEMS,
)  # fmt: skip

RECEIVE_CODE = Operation(
    "intermediate.receive_code", System.INTERMEDIATE, Method.POST, "/fgu/codes", ReceiveCode, Done,
    callers=[System.NETWORK], repeatable=True, requirements=["USE-2"], summary="取得番号で符号を受け取り、番号を消す",
    problems=SIDE_PROBLEMS,
)  # fmt: skip

OPERATIONS = (
    PROVIDE_SELF_INFORMATION,
    MAKE_INQUIRY,
    FETCH_RESULT,
    RECEIVE_ANSWER,
    SUBMIT_FILE,
    FETCH_FILE_RESULT,
    NOTIFY_PROVIDER,
    BEGIN_ACQUISITION,
    VIEW_ACQUISITION,
    RECEIVE_CODE,
)
