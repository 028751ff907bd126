"""Samples of records of what organisations asked each other."""

import datetime
import itertools
from typing import Any

from portal.web.design import Pagination, date_parts
from web_samples.frame import ANSWERED, ASKED, RECORD_FILES, TODAY, Context, Sample, as_proxy, page

_RECORD_REQUEST: Context = {
    "id": "r1",
    "first_day": datetime.date(2026, 8, 23),
    "last_day": TODAY,
    "asked_at": ASKED,
    "answered_at": ANSWERED,
    "state": "unread",
}

_numbers = itertools.count(1)


def _record(**more: Any) -> Context:
    return {
        "asked_at": datetime.datetime(2026, 9, 1, 1, 15, tzinfo=datetime.UTC),
        "provided_at": datetime.datetime(2026, 9, 1, 1, 16, tzinfo=datetime.UTC),
        "inquirer": "東京都千代田区長",
        "provider": "北海道札幌市長",
        "affair": "児童手当法による児童手当の支給に関する事務",
        "procedure": "児童手当の受給資格及び額についての認定の請求に係る事実についての審査に関する事務",
        "information": "地方税関係情報",
        "result": "provided",
        "id": f"R{next(_numbers):010}",
        **more,
    }


SAMPLES: list[Sample] = [
    (
        "records",
        "records/records.html",
        page(
            nav="records",
            requests=[
                _RECORD_REQUEST,
                {**_RECORD_REQUEST, "id": "r2", "state": "waiting", "answered_at": None},
                {**_RECORD_REQUEST, "id": "r3", "state": "read"},
                {**_RECORD_REQUEST, "id": "r4", "state": "paper"},
                {**_RECORD_REQUEST, "id": "r5", "state": "refused"},
            ],
            pagination=Pagination(2, 6, 58, "/records?page="),
            message=None,
        ),
    ),
    (
        "records_empty",
        "records/records.html",
        page(nav="records", requests=[], pagination=Pagination(1, 20, 0, "/records?page="), message=None),
    ),
    (
        "records_request",
        "records/request.html",
        page(
            nav="records",
            values={
                "first_day": date_parts(datetime.date(2026, 8, 23)),
                "last_day": date_parts(TODAY),
            },
            errors={},
            example=TODAY,
            oldest=datetime.date(2019, 11, 23),
            shortcuts=[
                {"label": "最近1か月", "url": "/records/request?months=1", "here": False},
                {"label": "最近3か月", "url": "/records/request?months=3", "here": True},
                {"label": "最近1年", "url": "/records/request?months=12", "here": False},
            ],
            mail=True,
            key="k1",
        ),
    ),
    (
        "records_request_wrong",
        "records/request.html",
        page(
            nav="records",
            values={
                "first_day": {"year": "2026", "month": "13", "day": "1"},
                "last_day": {"year": "", "month": "", "day": ""},
            },
            errors={
                "first_day_year": "「はじめの日」は、ない日付です",
                "last_day_year": "「おわりの日」を入れてください",
            },
            example=TODAY,
            oldest=datetime.date(2019, 11, 23),
            shortcuts=[],
            mail=False,
            key="k2",
        ),
    ),
    (
        "records_waiting",
        "records/waiting.html",
        page(
            nav="records",
            request=_RECORD_REQUEST,
            state="waiting",
            reason="コアシステムが点検中です。",
            mail=True,
            refresh_seconds=10,
        ),
    ),
    (
        "records_arrived",
        "records/waiting.html",
        page(
            nav="records",
            request=_RECORD_REQUEST,
            state="unread",
            reason=None,
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "records_failed",
        "records/waiting.html",
        page(
            nav="records",
            request=_RECORD_REQUEST,
            state="paper",
            reason="情報提供ネットワークが答えませんでした。窓口へ、書面で開示を請求してください。",
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "records_unanswered",
        "records/waiting.html",
        page(
            nav="records",
            request=_RECORD_REQUEST,
            state="unanswered",
            reason="期限までに回答が得られませんでした。",
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "record_list",
        "records/record_list.html",
        page(
            nav="records",
            request=_RECORD_REQUEST,
            records=[
                _record(),
                _record(provider="日本年金機構", information="年金給付関係情報", result="not_provided"),
                _record(provided_at=None, information="住民票関係情報", result="processing"),
            ],
            pagination=Pagination(1, 20, 3, "/records/r1?page="),
            key="k3",
            files=RECORD_FILES,
        ),
    ),
    (
        "record_list_empty",
        "records/record_list.html",
        page(
            nav="records",
            request=_RECORD_REQUEST,
            records=[],
            pagination=Pagination(1, 20, 0, "/records/r1?page="),
            key="k3",
            files=RECORD_FILES,
        ),
    ),
]
SAMPLES += as_proxy(SAMPLES, "records", "records_request", "records_waiting", "record_list")
