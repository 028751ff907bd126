"""Closing an account destroys its key: nothing that was sealed with it can be opened by anybody, ever (ACC-5, DESIGN)."""

import pytest
from page_house import House
from test_pages_inbox import filled, listed
from test_pages_notices import send
from test_pages_records import asked

from portal.folder.sealing import Sealer, Unreadable
from portal.folder.service import SWEEP_SECONDS
from portal.store.store import Op
from portal.wire.moments import day_of
from sim.world.facts import secret_of


def cells(house: House) -> list[tuple[str, object]]:
    """Everything that the portal's store holds, by the name of its table."""
    connection = house.store._connection
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [
        (table, cell)
        for (table,) in tables
        for row in connection.execute(f"SELECT * FROM {table}").fetchall()
        for cell in row
    ]


@pytest.mark.requirement("ACC-5", "FLD-1")
async def test_no_key_and_nothing_of_the_account_is_left(house: House) -> None:
    browser, owner = await filled(house)
    sealer = Sealer(secret_of(house.world.facts.seed, "master key"), house.world.chance.fork("erasure"))
    account = owner.account
    before = [cell for _, cell in cells(house)]
    assert account.wrapped_key in before and account.account_id in before
    assert sealer.open(account.account_id, account.wrapped_key, "settings", account.settings)

    await browser.get("/settings/close")
    await browser.press("アカウントを閉じる")
    left = cells(house)
    assert [table for table, cell in left if cell in (account.wrapped_key, account.account_id)] == []
    # Who has kept a copy of what was sealed, and even the master key, opens nothing with any key that is left.
    for _, key in left:
        if isinstance(key, bytes) and len(key) > 12:
            with pytest.raises(Unreadable):
                sealer.open(account.account_id, key, "settings", account.settings)


_AGED = Op(
    "UPDATE disclosure_requests SET asked_ms = asked_ms - :year, answered_ms = answered_ms - :year, "
    "kept_until_ms = kept_until_ms - :year",
    {"year": 365 * 24 * 3600 * 1000},
    None,
)


@pytest.mark.requirement("FLD-3", "FLD-4")
async def test_the_worker_clears_the_folder_though_nobody_comes(house: House) -> None:
    """Nobody signs in, nobody presses anything: retention by the numbers in one file, applied by the sweep alone."""
    browser = await house.signed_in()
    owner = await house.owner()
    await asked(house, browser)
    await send(house, "予防接種のお知らせ", kept_until=day_of(house.world.clock.now_ms()))
    assert len((await listed(house, owner)).items) == 2
    await house.world.pass_time(24 * 3600)
    assert [item.kind for item in (await listed(house, owner)).items] == ["records"]
    assert "notices" not in {table for table, _ in cells(house)}
    # As if the answer had come a year ago.
    await house.store.write([_AGED])
    await house.world.pass_time(SWEEP_SECONDS + 60)
    assert "disclosure_requests" not in {table for table, _ in cells(house)}
