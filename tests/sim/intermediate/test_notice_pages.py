"""The staff's pages of notices, through the same door as over sockets (NOT-1…6)."""

from collections.abc import AsyncIterator

import pytest
from notice_world import NoticeWorld
from sim_wiring import Browser, Page, form_of
from trio.testing import MockClock

from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes

DAY = {"year": "2026", "month": "12", "day": "31"}
FORM = {
    "affair": "JM90000000000003",
    "title": "予防接種のお知らせ",
    "text": "本文です。",
    "to": "one",
    "form": "csv",
    "person": "7",
    **{f"kept_{part}": text for part, text in DAY.items()},
}


class Staff:
    def __init__(self, world: NoticeWorld, browser: Browser) -> None:
        self.world, self.browser = world, browser
        self.query = {"organisation": world.here}

    async def get(self, path: str = "", **query: str) -> Page:
        return await self.browser.get(f"/notices{path}", {**self.query, **query})

    async def post(self, path: str, form: dict[str, str], **headers: str) -> Page:
        return await self.browser.ask("POST", f"/notices{path}", self.query, *multipart(form, {}), **headers)

    async def upload(self, path: str, form: dict[str, str], files: dict[str, tuple[str, bytes]]) -> Page:
        return await self.browser.ask("POST", f"/notices{path}", self.query, *multipart(form, files))

    async def write(self, form: dict[str, str]) -> Page:
        """Written, looked over, sent."""
        page = await self.post("/new", {**FORM, **form_of(await self.get("/new")), **form})
        return await self.post("/review", form_of(await self.follow(page)))

    async def follow(self, page: Page) -> Page:
        assert page.status == 303, page
        path, _, query = page.location.partition("?")
        return await self.browser.ask("GET", path, query, b"", "")


def multipart(form: dict[str, str], files: dict[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    parts = [
        f'--b\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form.items()
    ]
    for name, (file, content) in files.items():
        head = f'--b\r\ncontent-disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join([*parts, b"--b--\r\n"]), "multipart/form-data; boundary=b"


@pytest.fixture
async def staff(nation: Nation, codes: LinkageCodes, autojump_clock: MockClock) -> AsyncIterator[Staff]:
    world = NoticeWorld(nation, codes)
    world.folders.people = {7, 8}
    async with world.running():
        yield Staff(world, Browser(world.built))


def send_of(page: Page) -> str:
    return page.location.partition("?")[0].rpartition("/")[2]


@pytest.mark.requirement("NOT-1", "NOT-6")
async def test_one_is_written_sent_and_taken_back(staff: Staff, autojump_clock: MockClock) -> None:
    page = await staff.browser.get("/notices", {"organisation": "131016"})
    assert "東京都千代田区" in page.text and "まだ送っていません" in page.text and "1,000,000件" in page.text
    page = await staff.get("/new")
    assert page.status == 200 and "番号法" in page.text and "行事の案内" not in page.text
    sent = await staff.write({})
    await staff.world.pass_time()
    page = await staff.follow(sent)
    assert "お知らせを受け付けました" in page.text and "送信済み" in page.text
    assert "000000000000007" in page.text and "未開封" in page.text
    again = await staff.write({})
    assert send_of(again) != send_of(sent)

    path = f"/{send_of(sent)}"
    assert "もとに戻せません" in (await staff.get(f"{path}/cancel")).text
    await staff.post(f"{path}/cancel", {})
    await staff.world.pass_time()
    assert "取り消しました" in (await staff.get(path)).text


@pytest.mark.requirement("NOT-1")
async def test_how_far_a_send_is_is_told_until_it_is_through(staff: Staff, autojump_clock: MockClock) -> None:
    sent = await staff.write({})
    path = f"/{send_of(sent)}"
    by_hand = await staff.get(f"{path}/events")
    assert by_hand.status == 303, "opened by hand it is no stream"
    told = await staff.browser.get(f"/notices{path}/events", staff.query, accept="text/event-stream")
    assert told.status == 200 and "event: state" in told.text
    assert told.text.rstrip().endswith("data: sent 1/1"), told.text
    gone = await staff.browser.get("/notices/none/events", staff.query, accept="text/event-stream")
    assert gone.status == 200 and "event:" not in gone.text


@pytest.mark.requirement("NOT-1")
async def test_many_by_files_one_after_another(staff: Staff, autojump_clock: MockClock) -> None:
    page = await staff.post("/new", {**FORM, **form_of(await staff.get("/new")), "to": "many", "person": ""})
    path = f"/{send_of(page)}"
    assert "宛先ファイルを渡してください" in (await staff.follow(page)).text
    for number, part in enumerate(("宛名番号\r\n7\r\n", "8\r\n9\r\n")):
        page = await staff.upload(f"{path}/file", {}, {"file": (f"{number}.csv", part.encode())})
        assert "受け取りました" in (await staff.follow(page)).text
    page = await staff.browser.ask(
        "POST", f"/notices{path}/part", {**staff.query, "offset": "27"}, b"10\n", "application/octet-stream"
    )
    assert (page.status, page.text) == (409, page.text)
    page = await staff.follow(await staff.post(f"{path}/confirm", {}))
    assert "確定しました" in page.text
    await staff.world.pass_time()
    page = await staff.get(path)
    assert "送信済み" in page.text and "フォルダーなし" in page.text


@pytest.mark.requirement("NOT-1")
async def test_the_same_file_goes_on_where_it_was_cut_off(staff: Staff, autojump_clock: MockClock) -> None:
    page = await staff.post("/new", {**FORM, **form_of(await staff.get("/new")), "to": "many", "person": ""})
    path, file = f"/{send_of(page)}", "宛名番号\n7\n8\n9\n".encode()
    assert "渡しかた" not in (await staff.get(path)).text
    await staff.upload(f"{path}/file", {}, {"file": ("a.csv", file[:16])})
    assert "同じファイルの続きから" in (await staff.get(path)).text
    await staff.upload(f"{path}/file", {"how": "resume"}, {"file": ("a.csv", file)})
    await staff.upload(f"{path}/file", {"how": "append"}, {"file": ("b.csv", b"10\n")})
    await staff.post(f"{path}/confirm", {})
    await staff.world.pass_time()
    assert "4件（上限" in (await staff.get(path)).text


@pytest.mark.requirement("NOT-1")
async def test_parts_by_the_script(staff: Staff, autojump_clock: MockClock) -> None:
    page = await staff.post("/new", {**FORM, **form_of(await staff.get("/new")), "to": "many", "person": ""})
    path, file, at = f"/{send_of(page)}", "宛名番号\n7\nx\n8\n".encode(), 0
    while at < len(file):
        page = await staff.browser.ask(
            "POST", f"/notices{path}/part", {**staff.query, "offset": str(at)}, file[at : at + 5], "text/csv"
        )
        assert page.status == 200, page
        at = int(page.text.split()[0])
    page = await staff.follow(await staff.post(f"{path}/confirm", {}))
    assert "受け付けていません" in page.text and "15桁までの数字" in page.text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"affair": ""}, "事務を選んでください"),
        ({"affair": "JM90000000000018"}, "お知らせを送れません"),
        ({"title": ""}, "件名を入れて"),
        ({"title": "あ" * 101}, "件名が長すぎます"),
        ({"service_label": "あ" * 101, "service_url": "https://x.jp"}, "案内の名前が長すぎます"),
        ({"q0_kind": "text", "q0_text": "あ" * 501}, "問1の文が長すぎます"),
        ({"q0_kind": "choice", "q0_text": "?", "q0_choices": "あ" * 5_000}, "問1の選択肢が長すぎます"),
        ({"kept_year": "2020"}, "過ぎています"),
        ({"kept_day": "32"}, "ある日付"),
        ({"person": "x"}, "数字で"),
        ({"person": "134000000"}, "いません"),
        ({"service_url": "https://x.jp"}, "両方"),
        ({"payment_url": "javascript:x"}, "https://"),
        ({"q0_kind": "choice", "q0_text": "?", "q0_choices": "一つ"}, "回答期限"),
        ({"q0_kind": "", "q0_text": "?"}, "答え方"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    staff: Staff, autojump_clock: MockClock, changed: dict[str, str], words: str
) -> None:
    page = await staff.post("/new", {**FORM, **form_of(await staff.get("/new")), **changed})
    assert page.status == 422 and words in page.text and "本文です。" in page.text


async def test_a_false_file_and_a_questionnaire(staff: Staff, autojump_clock: MockClock) -> None:
    days = {f"{name}_{part}": text for name in ("deadline", "collect") for part, text in DAY.items()}
    asked = {
        "q0_kind": "choice",
        "q0_text": "どれ",
        "q0_choices": "あ\nい",
        "q1_kind": "date",
        "q1_text": "いつ",
    }
    form = {**FORM, **days, **asked, **form_of(await staff.get("/new"))}
    for name, content in (("a.pdf", b"PK"), ("a.exe", b"MZ")):
        page = await staff.upload("/new", form, {"attachment": (name, content)})
        assert page.status == 422 and "エラー" in page.text
    page = await staff.upload("/new", form, {"attachment": ("領収書.pdf", b"%PDF-1.7\n")})
    assert (await staff.post("/review", form_of(await staff.follow(page)))).status == 303
    await staff.world.pass_time()
    (content,) = staff.world.folders.contents.values()
    assert [each.name for each in content.content.attachments] == ["領収書.pdf"]
    assert content.content.questionnaire is not None
    assert [question.choices for question in content.content.questionnaire.questions] == [("あ", "い"), ()]


@pytest.mark.requirement("NOT-2")
async def test_the_check_for_a_folder(staff: Staff, autojump_clock: MockClock) -> None:
    assert "フォルダーがあります" in (await staff.post("/folder", {"person": "7"})).text
    assert "フォルダーがありません" in (await staff.post("/folder", {"person": "9"})).text
    assert "いません" in (await staff.post("/folder", {"person": "134000000"})).text
    assert (await staff.post("/folder", {"person": "x"})).status == 422
    assert "フォルダーがありません" in (await staff.post("/folder", {"person": "011002-12"})).text
    assert (await staff.post("/folder", {"person": "011002-0"})).status == 422


@pytest.mark.requirement("NOT-1")
async def test_residents_by_the_numbers_that_the_world_shows(
    staff: Staff, autojump_clock: MockClock, nation: Nation
) -> None:
    n = nation.number_of("011002-12")
    staff.world.folders.people = {n}
    sent = await staff.write({"person": "011002-12"})
    assert sent.status == 303
    page = await staff.post("/new", {**FORM, **form_of(await staff.get("/new")), "to": "many", "person": ""})
    path = f"/{send_of(page)}"
    await staff.upload(f"{path}/file", {}, {"file": ("a.csv", "宛名番号\n011002-12\n".encode())})
    await staff.post(f"{path}/confirm", {})
    await staff.world.pass_time()
    assert [person for _, person, _ in staff.world.folders.got] == [n, n]


async def test_addresses_that_lead_nowhere(staff: Staff, autojump_clock: MockClock) -> None:
    assert (await staff.browser.get("/notices", {"organisation": "999999"})).status == 422
    assert (await staff.get("/aaaaaaaaaaaaaaaaaaaaaaaa")).status == 404
    assert (await staff.browser.get("/notices/new")).location == "/notices"
    page = await staff.post("/new", FORM, sec_fetch_site="cross-site")
    assert page.status == 403


@pytest.mark.requirement("NOT-1")
async def test_another_file_is_not_taken_for_the_same(staff: Staff, autojump_clock: MockClock) -> None:
    page = await staff.post("/new", {**FORM, **form_of(await staff.get("/new")), "to": "many", "person": ""})
    path = f"/{send_of(page)}"
    lines = [f"{number:015d}\n" for number in range(1_500)]
    file = ("宛名番号\n" + "".join(lines)).encode()
    other = ("宛名番号\n" + "".join(reversed(lines)) + "9\n").encode()
    longer = file[:-600] + b"8" + file[-599:] + b"9\n"
    await staff.upload(f"{path}/file", {}, {"file": ("a.csv", file)})
    for wrong, words in (
        (other, "内容が違います"),
        (longer, "内容が違います"),
        (file[:-16], "より短い"),
    ):
        page = await staff.upload(f"{path}/file", {"how": "resume"}, {"file": ("c.csv", wrong)})
        assert page.status == 409 and words in page.text
    query = {**staff.query, "offset": "0"}
    page = await staff.browser.ask("POST", f"/notices{path}/part", query, other, "text/csv")
    assert page.status == 409 and "内容が違います" in page.text
    page = await staff.upload(
        f"{path}/file", {"how": "resume"}, {"file": ("a.csv", file + b"000000000001500\n")}
    )
    assert "1,501件（上限" in (await staff.follow(page)).text


@pytest.mark.requirement("NOT-1")
async def test_a_file_with_mistakes_is_not_offered_to_be_sent(
    staff: Staff, autojump_clock: MockClock
) -> None:
    asked = {"q0_kind": "choice", "q0_text": "どれですか", "q0_choices": "赤\n青"}
    days = {f"{name}_{part}": text for name in ("deadline", "collect") for part, text in DAY.items()}
    form = {**FORM, **asked, **days, **form_of(await staff.get("/new")), "to": "many", "person": ""}
    path = f"/{send_of(await staff.post('/new', form))}"
    page = await staff.upload(f"{path}/file", {}, {"file": ("a.csv", "宛名番号\n7\nx\n".encode())})
    text = (await staff.follow(page)).text
    assert "確定して送る" not in text and "宛先ファイルを受け取りました" not in text and "受付中" not in text
    assert text.index("15桁までの数字") < text.index("送信を始めた日時") < text.index("この送信を取り消す")
    page = await staff.follow(await staff.post(f"{path}/confirm", {}))
    assert "受け付けていません" in page.text and "この内容で新しい送信を作る" in page.text

    again = await staff.get("/new", like=path[1:])
    for words in ("予防接種のお知らせ", "本文です。", "どれですか", "赤\n青", 'value="2026"'):
        assert words in again.text, words
    copied = await staff.post("/new", {**form, **form_of(again)})
    assert copied.status == 303 and send_of(copied) != path[1:]
    assert (await staff.get("/new", like="a" * 24)).status == 404
