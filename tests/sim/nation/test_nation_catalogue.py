"""The catalogue is whole: every code it names exists, and the two profiles differ where the law does."""

from __future__ import annotations

from datetime import date

import pytest

from sim.nation.catalogue import CURRENT, PROFILE_2016, UnknownCode, catalogue
from sim.nation.organisations import (
    ORGANISATIONS,
    Kind,
    UnknownOrganisation,
    of_municipality,
    of_prefecture,
    organisation,
    organisations_of_kind,
)

PROFILES = [CURRENT, PROFILE_2016]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_code_that_is_named_exists(profile: str) -> None:
    table = catalogue(profile)
    details = {(f.name, d) for f in table.fields for d in f.details}

    assert {(i.field, i.detail) for i in table.information.values()} <= details
    for row in table.permissions:
        assert row.information in table.information
        assert row.provider in table.information[row.information].holders
        assert table.procedures[row.procedure].affair == row.affair
        assert row.inquirer in table.affairs[row.affair].inquirers
    assert all(len(code) == 16 and code[:2] == "TM" and code[2:].isdigit() for code in table.information)
    assert all(len(code) == 16 and code[:2] == "JM" and code[2:].isdigit() for code in table.affairs)
    assert all(len(code) == 16 and code[:2] == "JT" and code[2:].isdigit() for code in table.procedures)


@pytest.mark.parametrize("profile", PROFILES)
def test_wide_enough(profile: str) -> None:
    table = catalogue(profile)

    assert len(table.information) >= 10
    assert len({i.field for i in table.information.values()}) >= 5
    assert any(affair.notice for affair in table.affairs.values())
    assert any(not affair.notice for affair in table.affairs.values())


def test_only_what_was_read_in_a_source_is_unmarked() -> None:
    unmarked = [i.code for i in catalogue().information.values() if not i.assumed]

    assert unmarked == ["TM00000000000002"]
    assert catalogue().information["TM00000000000002"].name == "地方税関係情報"


def test_profiles_differ() -> None:
    assert catalogue(PROFILE_2016).permissions < catalogue(CURRENT).permissions
    assert catalogue(PROFILE_2016).profile.basis != catalogue(CURRENT).profile.basis


def test_layouts_follow_each_other() -> None:
    for information in catalogue().information.values():
        for earlier, later in zip(information.layouts, information.layouts[1:], strict=False):
            assert later.valid_from.toordinal() == earlier.valid_until.toordinal() + 1
            assert set(earlier.items) < set(later.items)
    tax = catalogue().information_of("TM00000000000002")
    assert tax.layout(date(2025, 5, 31)).version == "0001"
    assert tax.layout(date(2025, 6, 1)).version == "0002"


def test_permission() -> None:
    row = (Kind.MUNICIPALITY, "JM90000000000001", "JT90000000000001", Kind.MUNICIPALITY, "TM00000000000002")

    assert catalogue().is_permitted(*row)
    assert not catalogue().is_permitted(Kind.STUDENT_SUPPORT, *row[1:])


@pytest.mark.parametrize("code", ["", "TM00000000000001", "tm00000000000002"])
def test_unknown_codes(code: str) -> None:
    with pytest.raises(UnknownCode, match="カタログ"):
        catalogue().information_of(code)
    with pytest.raises(UnknownCode, match="プロファイル"):
        catalogue(code)


def test_organisations_by_the_thousand() -> None:
    assert len(ORGANISATIONS) > 3_000
    assert len({o.code for o in ORGANISATIONS}) == len({o.name for o in ORGANISATIONS}) == len(ORGANISATIONS)
    for o in ORGANISATIONS:
        assert len(o.code) == 16
        assert o.code.isdigit()
        assert o.code[5:11] == (o.municipality or "000000")
        assert organisation(o.code) is o
    assert len(organisations_of_kind(Kind.MUNICIPALITY)) == 1741
    assert {o.kind for o in ORGANISATIONS if o.assumed} == {Kind.HEALTH_SOCIETY, Kind.MUTUAL_AID}


def test_organisations_of_a_place() -> None:
    assert of_municipality("131016").name == "東京都千代田区"
    assert of_prefecture(Kind.PREFECTURE, "131016").name == "東京都"
    assert of_prefecture(Kind.WIDE_AREA_UNION, "472018").name == "沖縄県後期高齢者医療広域連合"
    with pytest.raises(UnknownOrganisation, match="16桁"):
        organisation("0000000000000000")
