"""Duplicate copies (副本): what an organisation's intermediate server holds about a resident, computed when asked for.

A copy is as of the nation's reference date, in a layout version of the catalogue. Values are texts as people read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import msgspec

from sim.nation import holdings as held
from sim.nation.blocks import Role
from sim.nation.catalogue import CURRENT, Layout, UnknownCode, catalogue
from sim.nation.chance import key_for
from sim.nation.circumstances import Circumstances, Work, circumstances
from sim.nation.municipalities import municipality
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, Organisation
from sim.nation.person import Person, relation
from sim.nation.taxation import LocalTax, assess
from sim.nation.vaccinations import vaccinations

__all__ = ["DuplicateCopy", "copy_for", "duplicate_copy"]


class DuplicateCopy(msgspec.Struct, frozen=True):
    """副本 of one kind of information about one person at one organisation."""

    information: str  # TM code
    organisation: str  # sixteen digits
    version: str  # of the layout
    as_of: date
    items: tuple[tuple[str, str], ...]  # (name, value), in the layout's order; a repeated item is numbered


Items = list[tuple[str, str]]


def duplicate_copy(
    nation: Nation,
    organisation: Organisation,
    person: Person,
    code: str,
    *,
    version: str | None = None,
    profile: str = CURRENT,
) -> DuplicateCopy | None:
    """What the organisation holds of this TM code about the person; None when it holds nothing.

    `version` asks for an older layout. Raises `UnknownCode` for a code or version that isn't in the catalogue.
    """
    return copy_for(
        nation, organisation, circumstances(nation, person), code, version=version, profile=profile
    )


def copy_for(
    nation: Nation,
    organisation: Organisation,
    life: Circumstances,
    code: str,
    *,
    version: str | None = None,
    profile: str = CURRENT,
) -> DuplicateCopy | None:
    """`duplicate_copy`, for circumstances that are known already: those after a move, say."""
    information = catalogue(profile).information_of(code)
    person = life.person
    if organisation not in held.holders(life, code, profile):
        return None
    layout = information.layout(nation.reference_date)
    if version is not None:
        layout = _of_version(information.layouts, version)
    former = organisation.municipality != person.municipality_code and organisation.kind is Kind.MUNICIPALITY
    values = _VALUES[code](nation, life, former)
    items = tuple((name, value) for name, value in values if name.rstrip("0123456789") in layout.items)
    return DuplicateCopy(code, organisation.code, layout.version, _as_of(nation, life, former), items)


def _of_version(layouts: tuple[Layout, ...], version: str) -> Layout:
    for layout in layouts:
        if layout.version == version:
            return layout
    raise UnknownCode(f"データ標準レイアウトの版「{version}」はありません。")


def _as_of(nation: Nation, life: Circumstances, former: bool) -> date:
    return life.moved_on if former else max(nation.reference_date, life.moved_on)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _yen(amount: int) -> str:
    return f"{amount:,}円"


def _some_day(life: Circumstances, years: int, shift: int) -> date:
    """A day within so many years before the reference date, not before birth."""
    days = (life.word >> shift) % (365 * years) + 1
    return max(life.reference_date - timedelta(days=days), life.person.birth_date)


def _number(life: Circumstances, shift: int, digits: int) -> str:
    return f"{((life.word >> shift) ^ life.word * 31) % 10**digits:0{digits}d}"


def local_tax(life: Circumstances) -> LocalTax:
    """The assessment of the year before the reference date."""
    others = [m for m in life.members if m.role == Role.CHILD] if life.person.role == Role.HEAD else []
    ages = [child.age(life.reference_date) for child in others]
    place = municipality(life.person.municipality_code)
    return assess(
        life.salary,
        life.pension,
        dependants=sum(age < 23 for age in ages),
        taxed_dependants=sum(16 <= age < 23 for age in ages),
        elderly=life.age >= 65,
        designated_city=place.is_designated_city,
    )


def _tax(nation: Nation, life: Circumstances, former: bool) -> Items:
    tax = local_tax(life)
    day = life.moved_on if former else life.reference_date
    year = day.year if day.month >= 6 else day.year - 1
    relief = 10_000 * (1 + tax.dependants) if year == 2024 and tax.on_income else 0
    return [
        ("課税年度", f"{year}年度"),
        ("給与収入", _yen(tax.salary)),
        ("公的年金等収入", _yen(tax.pension)),
        ("合計所得金額", _yen(tax.total_income)),
        ("総所得金額等", _yen(tax.total_income)),
        ("扶養親族数", f"{tax.dependants}人"),
        ("市町村民税均等割額", _yen(tax.flat)),
        ("市町村民税所得割額", _yen(tax.on_income)),
        ("課税区分", "非課税" if tax.is_exempt else "課税"),
        ("定額減税額", _yen(relief)),
    ]


def _assistance(nation: Nation, life: Circumstances, former: bool) -> Items:
    kinds = ["生活扶助", "住宅扶助"]
    if any(6 <= m.age(life.reference_date) < 15 for m in life.members):
        kinds.append("教育扶助")
    if life.age >= 60 or life.disability_grade:
        kinds.append("医療扶助")
    return [
        ("受給区分", "受給中"),
        ("開始年月日", _day(_some_day(life, 8, 10))),
        ("扶助の種類", "、".join(kinds)),
        ("世帯人員", f"{len(life.members)}人"),
    ]


def _account(nation: Nation, life: Circumstances, former: bool) -> Items:
    banks = ("模擬あおば銀行", "模擬みらい銀行", "模擬しおかぜ信用金庫", "模擬ゆうなぎ銀行")
    return [
        ("登録状況", "登録済み"),
        ("登録年月日", _day(max(_some_day(life, 4, 12), date(2022, 3, 28)))),
        ("金融機関名", banks[life.word >> 20 & 3]),
        ("預貯金種別", "普通"),
        ("口座番号(下3桁)", _number(life, 22, 3)),
    ]


def _child_allowance(nation: Nation, life: Circumstances, former: bool) -> Items:
    children = life.children_on(life.reference_date, 18)
    amount = sum(15_000 if child.age(life.reference_date) < 3 else 10_000 for child in children)
    # From October 2024 the third and later children count double or more, the oldest being counted until 22.
    counted = len(life.children_on(life.reference_date, 22))
    third = max(0, min(counted - 2, len(children)))
    youngest = sorted(children, key=lambda child: child.birth_date)[len(children) - third :]
    amount += sum(30_000 - (15_000 if c.age(life.reference_date) < 3 else 10_000) for c in youngest)
    since = min(child.birth_date for child in children) + timedelta(days=20)
    return [
        ("認定番号", _number(life, 5, 8)),
        ("認定年月日", _day(min(max(since, life.moved_on), life.reference_date))),
        ("支給対象児童数", f"{len(children)}人"),
        ("手当月額", _yen(amount)),
        ("支給状況", "支給中"),
        ("第3子以降加算児童数", f"{third}人"),
    ]


def _single_parent_allowance(nation: Nation, life: Circumstances, former: bool) -> Items:
    children = life.children_on(life.reference_date, 18)
    is_full = life.salary < 1_900_000
    amount = (46_690 if is_full else 28_000) + 11_030 * (len(children) - 1)
    return [
        ("証書番号", _number(life, 7, 7)),
        ("認定年月日", _day(max(_some_day(life, 6, 9), children[-1].birth_date))),
        ("対象児童数", f"{len(children)}人"),
        ("手当月額", _yen(amount)),
        ("支給区分", "全部支給" if is_full else "一部支給"),
        ("現況届提出年月日", _day(date(life.reference_date.year - 1, 8, 1 + life.word % 31))),
    ]


def _disabled_child_allowance(nation: Nation, life: Circumstances, former: bool) -> Items:
    grade = 1 if life.word >> 11 & 1 else 2
    children = life.children_on(life.reference_date, 18)
    return [
        ("認定年月日", _day(max(_some_day(life, 5, 13), children[-1].birth_date))),
        ("障害等級", f"{grade}級"),
        ("手当月額", _yen(56_800 if grade == 1 else 37_830)),
    ]


def _maternal_health(nation: Nation, life: Circumstances, former: bool) -> Items:
    checks = (("3~4か月児", 4), ("1歳6か月児", 19), ("3歳児", 38))
    items = []
    for number, (name, months) in enumerate(checks):
        on = life.person.birth_date + timedelta(days=months * 365 // 12 + (life.word >> number * 8) % 30)
        if on > life.reference_date:
            items.append((f"{name}健診受診年月日", "未到来"))
        else:
            missed = (life.word >> number * 8 + 5) % 100 < 5
            items.append((f"{name}健診受診年月日", "未受診" if missed else _day(on)))
    return items


def _health_insurance(nation: Nation, life: Circumstances, former: bool) -> Items:
    by_work = life.insurer.kind is not Kind.MUNICIPALITY
    since = _some_day(life, 12, 14) if by_work else life.moved_on
    total = local_tax(life).total_income
    steps = ((9_010_000, "ア"), (6_000_000, "イ"), (2_100_000, "ウ"), (1, "エ"))
    category = next((name for bound, name in steps if total >= bound), "オ")
    return [
        ("保険者名", life.insurer.name),
        ("資格取得年月日", _day(since)),
        ("本人・家族の別", ("家族" if life.is_dependant else "本人") if by_work else "国民健康保険被保険者"),
        ("被保険者証記号", _number(life, 16, 4)),
        ("被保険者証番号", _number(life, 18, 6)),
        ("高額療養費の所得区分", category),
    ]


def _late_elderly(nation: Nation, life: Circumstances, former: bool) -> Items:
    tax = local_tax(life)
    share = 3 if tax.total_income >= 3_000_000 else 2 if tax.total_income >= 900_000 else 1
    premium = 47_000 + max(0, tax.total_income - 430_000) * 95 // 1000
    birthday = life.person.birth_date
    return [
        ("被保険者番号", _number(life, 8, 8)),
        ("資格取得年月日", _day(date(birthday.year + 75, birthday.month, min(birthday.day, 28)))),
        ("自己負担割合", f"{share}割"),
        ("保険料年額", _yen(premium // 100 * 100)),
    ]


def _vaccination(nation: Nation, life: Circumstances, former: bool) -> Items:
    key = key_for(nation.seed, "vaccination")
    had = vaccinations(key, nation.identity(life.person), life.person, life.reference_date)
    # Each municipality has what was given while the person lived there.
    here = [v for v in had if (v[0] < life.moved_on) == former] if life.moved_from else had
    if not here:
        return [("接種記録1", "記録なし")]
    return [
        (f"接種記録{n}", f"{vaccine} {dose}回目 {_day(on)}")
        for n, (on, vaccine, dose) in enumerate(here, start=1)
    ]


def _pension(nation: Nation, life: Circumstances, former: bool) -> Items:
    if life.pension == 0:
        since, kind = _some_day(life, 10, 15), "障害基礎年金"
        amount = 1_039_625 if life.disability_grade == 1 else 831_700
    else:
        birth = life.person.birth_date
        since, amount = date(birth.year + 65, birth.month, 1), life.pension
        kind = "老齢基礎年金・老齢厚生年金" if life.pension > 850_000 else "老齢基礎年金"
    return [
        ("年金種別", kind),
        ("受給開始年月", f"{since.year}年{since.month}月"),
        ("年金額(年額)", _yen(amount)),
        ("基礎年金番号の有無", "有"),
    ]


def _pension_insurance(nation: Nation, life: Circumstances, former: bool) -> Items:
    months = min(max(0, (life.age - 20) * 12), 480)
    is_exempt = life.work in (Work.STUDENT, Work.JOBLESS) or life.assisted
    if life.age >= 60 and life.work not in (Work.EMPLOYEE, Work.OFFICIAL):
        kind = "資格喪失(60歳到達)"
    elif life.work in (Work.EMPLOYEE, Work.OFFICIAL):
        kind = "第2号被保険者(厚生年金)"
    elif life.is_dependant and life.person.role == Role.SPOUSE:
        kind = "第3号被保険者"
    else:
        kind = "第1号被保険者(国民年金)"
    birth = life.person.birth_date
    return [
        ("被保険者種別", kind),
        ("資格取得年月日", _day(date(birth.year + 20, birth.month, min(birth.day, 28)))),
        ("保険料納付月数", f"{max(0, months - (life.word >> 19) % 24)}月"),
        ("保険料免除の有無", "有" if is_exempt else "無"),
    ]


def _care(nation: Nation, life: Circumstances, former: bool) -> Items:
    level = life.care_level
    name = "認定なし" if not level else f"要支援{level}" if level <= 2 else f"要介護{level - 2}"
    start = life.reference_date - timedelta(days=(life.word >> 27) % 300)
    tax = local_tax(life)
    share = 3 if tax.total_income >= 2_200_000 else 2 if tax.total_income >= 1_600_000 else 1
    step = 1 if life.assisted else 3 if tax.is_exempt else 6 + min(tax.total_income // 1_000_000, 7)
    return [
        ("被保険者番号", _number(life, 9, 10)),
        ("要介護状態区分", name),
        ("認定有効期間", f"{_day(start)}から{_day(start + timedelta(days=730))}まで" if level else "—"),
        ("負担割合", f"{share}割"),
        ("保険料段階", f"第{step}段階"),
    ]


def _disability(nation: Nation, life: Circumstances, former: bool) -> Items:
    kinds = (
        (
            "身体障害者手帳",
            ("肢体不自由", "内部障害", "聴覚障害", "視覚障害")[life.word >> 21 & 3],
            f"{life.disability_grade}級",
        ),
        ("療育手帳", "知的障害", ("A", "B1", "B2")[life.disability_grade % 3]),
        ("精神障害者保健福祉手帳", "精神障害", f"{(life.disability_grade - 1) % 3 + 1}級"),
    )
    kind, name, grade = kinds[0 if (life.word >> 23) % 10 < 6 else 1 if life.word >> 28 & 1 else 2]
    return [
        ("手帳の種類", kind),
        ("等級", grade),
        ("交付年月日", _day(_some_day(life, 15, 17))),
        ("障害名", name),
    ]


def _employment(nation: Nation, life: Circumstances, former: bool) -> Items:
    is_paid = life.work is Work.JOBLESS
    left = _some_day(life, 1 if is_paid else 8, 25)
    return [
        ("被保険者番号", f"{_number(life, 29, 4)}-{_number(life, 31, 6)}-{life.word % 10}"),
        ("離職年月日", _day(left)),
        ("基本手当日額", _yen(4_500 + (life.word >> 33) % 3_500)),
        ("所定給付日数", f"{(90, 120, 150, 180)[life.word >> 35 & 3]}日"),
        ("受給状況", "受給中" if is_paid else "支給終了"),
    ]


def _disaster(nation: Nation, life: Circumstances, former: bool) -> Items:
    on = _some_day(life, 6, 41)
    names = ("大雨", "台風", "地震", "突風")
    return [
        ("災害名", f"{on.year}年{on.month}月の{names[life.word >> 37 & 3]}災害"),
        ("罹災証明書番号", f"{on.year}-{_number(life, 39, 5)}"),
        ("住家の被害の程度", ("一部損壊", "準半壊", "半壊", "床上浸水(中規模半壊)")[life.word >> 43 & 3]),
        ("交付年月日", _day(min(on + timedelta(days=30), life.reference_date))),
    ]


def _residence(nation: Nation, life: Circumstances, former: bool) -> Items:
    relations = "、".join(f"{relation(m.role, m.sex)}({m.age(life.reference_date)}歳)" for m in life.members)
    return [
        ("世帯主との続柄", relation(life.person.role, life.person.sex)),
        ("世帯人員", f"{len(life.members)}人"),
        ("住民となった年月日", _day(life.moved_on)),
        ("世帯員の続柄", relations),
    ]


def _scholarship(nation: Nation, life: Circumstances, former: bool) -> Items:
    kinds = (("第一種(無利子)", 54_000), ("第二種(有利子)", 80_000), ("給付型", 38_300))
    kind, amount = kinds[(life.word >> 45) % 3]
    is_student = life.work is Work.STUDENT
    return [
        ("奨学生番号", f"6{_number(life, 47, 9)}"),
        ("種別", kind),
        ("貸与・給付月額", _yen(amount)),
        (
            "状況",
            ("給付中" if kind == "給付型" else "貸与中")
            if is_student
            else "返還中"
            if kind != "給付型"
            else "終了",
        ),
    ]


_VALUES: Mapping[str, Callable[[Nation, Circumstances, bool], Items]] = {
    held.TAX: _tax,
    held.ASSISTANCE: _assistance,
    held.ACCOUNT: _account,
    held.CHILD_ALLOWANCE: _child_allowance,
    held.SINGLE_PARENT_ALLOWANCE: _single_parent_allowance,
    held.DISABLED_CHILD_ALLOWANCE: _disabled_child_allowance,
    held.MATERNAL_HEALTH: _maternal_health,
    held.HEALTH_INSURANCE: _health_insurance,
    held.LATE_ELDERLY: _late_elderly,
    held.VACCINATION: _vaccination,
    held.PENSION: _pension,
    held.PENSION_INSURANCE: _pension_insurance,
    held.CARE: _care,
    held.DISABILITY: _disability,
    held.EMPLOYMENT: _employment,
    held.DISASTER: _disaster,
    held.RESIDENCE: _residence,
    held.SCHOLARSHIP: _scholarship,
}
