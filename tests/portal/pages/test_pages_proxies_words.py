"""What a proxy reads is said of the owner, and what a proxy leaves behind (PRX-7)."""

import pytest
from page_house import House
from proxies_browsing import acting, delegated, filled, read_card, two
from test_pages_history_details import lines

from portal.wire.limits import SESSION_IDLE_SECONDS


@pytest.mark.requirement("PRX-3")
async def test_pages_speak_of_the_owner(house: House) -> None:
    owner, proxy = await two(house)
    await delegated(house, owner, "notices", "records", "self_information")
    await acting(proxy)
    for address in ("/notices", "/records", "/self-information"):
        await owner.get(address)
        assert "みかん」さんの情報" not in owner.text and "みかん」さんに届いた" not in owner.text
        await proxy.get(address)
        assert proxy.status == 200
        assert "「みかん」さんに届いた" in proxy.text or "「みかん」さんの情報" in proxy.text, address


@pytest.mark.requirement("PRX-1")
async def test_ones_own_card_is_no_mistake_in_what_was_sent(house: House) -> None:
    owner, _ = await two(house)
    await filled(owner, "records")
    await read_card(house, owner, 0)
    assert owner.status == 422
    assert "このカードの方は、代理人になれません" in owner.text and "ご自分のカードです" in owner.text
    assert "送られた内容に誤り" not in owner.text


@pytest.mark.requirement("PRX-7", "HIS-2")
@pytest.mark.parametrize("how", ["ログアウト", "時間によるログアウト"])
async def test_who_leaves_without_going_back_has_stopped_acting(house: House, how: str) -> None:
    owner, proxy = await two(house)
    await delegated(house, owner, "records")
    await acting(proxy)
    if how == "ログアウト":
        await proxy.press("ログアウト")
    else:
        await house.world.pass_time(SESSION_IDLE_SECONDS + 1200)
        await owner.sign_in(house.world, house.residents[0])
    newest, begun, *_ = await lines(owner, service="proxies")
    assert newest == ["代理人", how, "代理人", "りんご（代理人）"]
    assert begun[:3] == ["代理人", "ログイン", "代理人"]
    await proxy.sign_in(house.world, house.residents[1])
    newest, *_ = await lines(proxy, service="proxies")
    assert newest == ["代理人", how, "本人", "みかん"]
