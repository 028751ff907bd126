"""Which residents ``mynasim nation find`` and ``export`` are asked for (条件)."""

from dataclasses import dataclass
from typing import Annotated, Literal

from cyclopts import Parameter

from portal.refusal import Refusal
from sim.nation.municipalities import MUNICIPALITIES, Municipality, municipality
from sim.nation.search import Wanted

AGE_MAX = 150

Place = Annotated[str | None, Parameter(help="市区町村。コード（6桁）か名前。")]


class NationRefused(Refusal):
    """What could not be found or done."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Conditions:
    """どの住民か. All that is given must hold; ages are those of the nation's reference date."""

    municipality: Place = None
    age_min: Annotated[int | None, Parameter(help="この年齢以上。")] = None
    age_max: Annotated[int | None, Parameter(help="この年齢以下。")] = None
    sex: Annotated[Literal["男", "女"] | None, Parameter(help="性別。")] = None
    name: Annotated[str | None, Parameter(help="氏名の一部。空白を入れると、氏と名の境になります。")] = None
    reading: Annotated[str | None, Parameter(help="氏名の読みの一部（ひらがなでもカタカナでも）。")] = None
    children_under: Annotated[int | None, Parameter(help="この年齢未満の子と同居している人。")] = None
    card: Annotated[
        bool | None, Parameter(help="マイナンバーカードを持つ人だけ（--no-card で、持たない人だけ）。")
    ] = None


def place_of(text: str) -> Municipality:
    """A municipality by code or name. Raises :class:`NationRefused` for a name that several bear."""
    named = [m for m in MUNICIPALITIES if text in (m.name, m.full_name, m.prefecture + m.name)]
    if len(named) > 1:
        several = "、".join(f"{m.full_name}（{m.code}）" for m in named)
        raise NationRefused(f"「{text}」はいくつもあります。コードで指定してください: {several}")
    return named[0] if named else municipality(text)


def wanted_by(given: Conditions) -> Wanted:
    for name, years in (
        ("age-min", given.age_min),
        ("age-max", given.age_max),
        ("children-under", given.children_under),
    ):
        if years is not None and not 0 <= years <= AGE_MAX:
            raise NationRefused(f"--{name} は0から{AGE_MAX}までで指定してください: {years}")
    if given.age_min is not None and given.age_max is not None and given.age_min > given.age_max:
        raise NationRefused(
            f"--age-min {given.age_min} が --age-max {given.age_max} より大きくなっています。"
        )
    for name, text in (("name", given.name), ("reading", given.reading)):
        if text is not None and not text.strip():
            raise NationRefused(f"--{name} が空です。")
    return Wanted(
        municipality=place_of(given.municipality).code if given.municipality is not None else None,
        age_min=given.age_min,
        age_max=given.age_max,
        sex={"男": 1, "女": 2, None: None}[given.sex],
        name=given.name,
        reading=given.reading,
        has_children_under=given.children_under,
        holds_card=given.card,
    )
