"""What is to be simulated: how long, for whom, at which rates; checked before anything begins."""

from datetime import date, timedelta
from typing import Final, NamedTuple

from portal.refusal import Refusal
from sim.intermediate.profiles import PROFILES
from sim.nation.municipalities import MUNICIPALITIES, Municipality, UnknownMunicipality, municipality
from sim.network.rates import rate_of
from sim.world.facts import FIRST_DAY

JAPAN: Final = 126_146_099
"""People by the census of 2020 (DOMAIN.md 8): nationwide rates are shared out by it."""
ACTUAL: Final = "actual"
ACTUAL_SIGN_INS: Final = 230_000 / JAPAN
"""Sign-ins for each resident in a month: 0.23 million in August 2020 (DOMAIN.md 8)."""
SIGN_INS_MAX: Final = 31.0
DAYS_MAX: Final = 20 * 365 - 1
"""Life is computed for so long after the nation's reference date (`sim.nation.life`)."""
DAYS_A_MONTH: Final = 365.25 / 12


class WrongOrder(Refusal):
    """What was asked for can't be simulated; the message says what to change."""


class Order(NamedTuple):
    """注文: everything that decides what a run comes to."""

    days: int
    residents: int
    seed: int = 1
    municipality: str = ""
    """Six-digit code; empty: the smallest one that has so many residents."""
    sign_ins: float = ACTUAL_SIGN_INS
    """For each resident in a month."""
    inquiries: str = ACTUAL
    """Of organisations, nationwide, in office hours: as `sim.network.rates` names it."""
    through: float = 0.02
    """Of inquiries about residents who never sign in, the share that goes through the whole chain."""
    profile: str = "office_hours"
    """How intermediate servers work (`sim.intermediate.profiles`)."""

    @property
    def last_day(self) -> date:
        return FIRST_DAY + timedelta(days=self.days - 1)


def check(order: Order) -> None:
    """Raises :class:`WrongOrder` in words for people."""
    if not 1 <= order.days <= DAYS_MAX:
        raise WrongOrder(f"期間は、1日から{DAYS_MAX:,}日（20年足らず）までにしてください。")
    if order.residents < 1:
        raise WrongOrder("住民（--residents）は、1人以上にしてください。")
    if order.seed < 0:
        raise WrongOrder("種（--seed）は、0以上にしてください。")
    if not 0 <= order.sign_ins <= SIGN_INS_MAX:
        raise WrongOrder(
            f"ログインの回数（--sign-ins）は、住民1人・1か月あたり0から{SIGN_INS_MAX:g}までか、{ACTUAL} にしてください。"
        )
    if not 0 <= order.through <= 1:
        raise WrongOrder("--through は、0から1までの割合にしてください。")
    if order.profile not in PROFILES:
        raise WrongOrder(f"--server-profile に選べるのは {'、'.join(PROFILES)} です。")
    try:
        rate_of(order.inquiries)
    except ValueError as error:
        raise WrongOrder(str(error)) from None
    _ = place_of(order)


def place_of(order: Order) -> Municipality:
    """Where its residents live as it begins. Raises :class:`WrongOrder`."""
    if order.municipality:
        try:
            place = municipality(order.municipality)
        except UnknownMunicipality as error:
            raise WrongOrder(str(error)) from None
        if order.residents > place.population_weight:
            raise WrongOrder(
                f"{place.full_name}の住民は{place.population_weight:,}人です。"
                f"--residents を{place.population_weight:,}以下にするか、ほかの市区町村を選んでください。"
            )
        return place
    large_enough = [each for each in MUNICIPALITIES if each.population_weight >= order.residents]
    if not large_enough:
        largest = max(MUNICIPALITIES, key=lambda each: each.population_weight)
        raise WrongOrder(
            f"いちばん大きな市（{largest.full_name}）でも、住民は{largest.population_weight:,}人です。"
            "--residents をそれ以下にしてください。"
        )
    return min(large_enough, key=lambda each: (each.population_weight, each.code))


def populations(order: Order) -> dict[str, int]:
    """The nation of this run: these residents of their municipality, who stay themselves, and nobody else."""
    place = place_of(order)
    return {each.code: order.residents if each is place else 0 for each in MUNICIPALITIES}


def from_duration(years: float | None, months: int | None, days: int | None) -> int:
    """Days of a duration given in one of three ways. Raises :class:`WrongOrder`."""
    given = [each for each in (years, months, days) if each is not None]
    if len(given) != 1:
        raise WrongOrder("期間は、--years、--months、--days のどれか一つで指定してください。")
    # A number that is none compares with nothing.
    if not given[0] > 0:
        raise WrongOrder("期間（--years、--months、--days）は、0より大きくしてください。")
    if years is not None:
        return max(1, round(years * 365)) if years < 100 else DAYS_MAX + 1
    if months is not None:
        return (_months_later(months) - FIRST_DAY).days if months < 1200 else DAYS_MAX + 1
    assert days is not None
    return days


def _months_later(months: int) -> date:
    year, month = divmod(FIRST_DAY.month - 1 + months, 12)
    return date(FIRST_DAY.year + year, month + 1, 1)
