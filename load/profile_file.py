"""A profile: how a day goes, from a small TOML file. A new file in ``load/profiles`` is a new profile.

A profile says when how many come (relative to its peak), what they do, on which terminals and from where, hour by
hour of the clock, and what goes wrong meanwhile. How large the peak is and how many seconds the whole takes is said
when it is run, so that a day of ten hours can be tried in a minute.
"""

from bisect import bisect_right
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from load.curve import Arrivals, Curve, Point
from load.journeys import journeys
from load.toml_file import Table, TomlMistake, read_toml
from portal.wire.controls import Mode
from portal.wire.sign_in import Terminal
from portal.wire.systems import WORLD_SYSTEMS, System
from sim.nation.municipalities import PREFECTURES

FOLDER = Path(__file__).parent / "profiles"
SHOWN_NAME = "load/profiles"
DAY_MINUTES = 24 * 60
DAYS_MAX = 31
PEAK_DEFAULT = 10.0
SECONDS_DEFAULT = 60.0


class Mix(NamedTuple):
    """取り合わせ, from a moment of the clock until the next mix."""

    from_minute: float
    journeys: Mapping[str, float]
    terminals: Mapping[str, float]


class Fault(NamedTuple):
    """障害: what is done to a simulator, and when it is undone."""

    from_minute: float
    to_minute: float
    system: System
    mode: Mode
    late_seconds: int
    title: str


class Profile(NamedTuple):
    """トラフィックの型."""

    name: str
    title: str
    what: str
    """What happened on that day; where the figures come from."""
    arrivals: Arrivals
    begins_minute: float
    """Of the clock, from midnight."""
    points: tuple[tuple[float, float], ...]
    """Minutes since the beginning and the share of the peak."""
    peak: float
    """Starts a second at the peak, unless it is said otherwise."""
    national_peak: float | None
    """What the peak was, or would be, for the whole nation."""
    seconds: float
    """How long it takes, unless it is said otherwise."""
    mixes: tuple[Mix, ...]
    prefectures: Mapping[str, float]
    faults: tuple[Fault, ...]
    think: float
    """Times what a journey thinks of as usual; 0: nobody pauses."""
    source: str = ""
    """The name or the file by which it is found again."""

    def only(self, journey: str) -> "Profile":
        """The same day with nothing but this journey."""
        return self._replace(mixes=tuple(mix._replace(journeys={journey: 1.0}) for mix in self.mixes))

    @property
    def minutes(self) -> float:
        return self.points[-1][0]

    def curve(self, peak: float | None = None, seconds: float | None = None) -> Curve:
        """Starts a second over the seconds of a run. Raises ``ValueError``."""
        most = max(share for _, share in self.points)
        stretch = (seconds or self.seconds) / self.minutes
        rate = (peak if peak is not None else self.peak) / most
        return Curve([Point(minute * stretch, share * rate) for minute, share in self.points])

    def mix_at(self, minute: float) -> Mix:
        """The mix of a moment, in minutes since the beginning."""
        clock = self.begins_minute + minute
        return self.mixes[max(0, bisect_right([mix.from_minute for mix in self.mixes], clock) - 1)]

    def clock(self, minute: float) -> str:
        """``09:30`` for a moment in minutes since the beginning; with the day when it is another one."""
        day, rest = divmod(round(self.begins_minute + minute), DAY_MINUTES)
        text = f"{rest // 60:02}:{rest % 60:02}"
        return text if not day else f"+{day} {text}"


def profiles() -> dict[str, Profile]:
    """All that are shipped, by name. Raises :class:`TomlMistake`."""
    return {
        path.stem: load_profile(path, f"{SHOWN_NAME}/{path.name}") for path in sorted(FOLDER.glob("*.toml"))
    }


def find_profile(name: str) -> Profile:
    """The profile of this name, or in this file. Raises :class:`TomlMistake`."""
    if name.endswith(".toml"):
        return load_profile(Path(name))._replace(source=str(Path(name).absolute()))
    path = FOLDER / f"{name}.toml"
    names = sorted(each.stem for each in FOLDER.glob("*.toml"))
    if name not in names:
        raise TomlMistake(
            f"プロファイル「{name}」はありません。あるのは {'、'.join(names)} です。自分のファイルなら .toml で終わる名前で指定してください。"
        )
    return load_profile(path, f"{SHOWN_NAME}/{path.name}")._replace(source=name)


def load_profile(path: Path, shown: str | None = None) -> Profile:
    """Raises :class:`TomlMistake`."""
    table = read_toml(path, shown)
    title = table.text("title", path.stem)
    what = table.text("what")
    arrivals = Arrivals(table.text("arrivals", Arrivals.POISSON, among=[each.value for each in Arrivals]))
    points = _points(table)
    begins = points[0][0]
    profile = Profile(
        path.stem, title, what, arrivals, begins,
        tuple((minute - begins, share) for minute, share in points),
        table.number("peak", PEAK_DEFAULT, least=0.001, most=1e6) or PEAK_DEFAULT,
        table.number("national_peak", None),
        table.number("seconds", SECONDS_DEFAULT, least=1.0, most=DAYS_MAX * 86_400) or SECONDS_DEFAULT,
        _mixes(table),
        _prefectures(table),
        _faults(table, begins),
        table.number("think", 1.0, most=1_000) or 0.0,
    )  # fmt: skip
    table.end()
    try:
        profile.curve()
    except ValueError as error:
        raise table.mistake(str(error), "points") from error
    return profile


def minutes_of(text: str) -> float:
    """``08:20`` or ``2 08:20`` (the third day) in minutes. Raises ``ValueError``."""
    day, _, time = text.rpartition(" ")
    hours, _, minutes = time.partition(":")
    if not (hours.isdigit() and minutes.isdigit() and int(minutes) < 60 and (day or "0").isdigit()):
        raise ValueError(f'時刻は "08:20" か、翌日なら "1 08:20" のように書いてください（いまは {text!r}）。')
    found = int(day or 0) * DAY_MINUTES + int(hours) * 60 + int(minutes)
    if int(hours) > 24 or found > DAYS_MAX * DAY_MINUTES:
        raise ValueError(f"時刻は24時まで、日は{DAYS_MAX}日までです（いまは {text!r}）。")
    return float(found)


def _moment(table: Table, key: str, default: str | None = None) -> float:
    text = table.text(key, default or "", read=minutes_of)
    if not text:
        raise table.mistake(f"「{key}」（時刻）がありません。")
    return minutes_of(text)


def _points(table: Table) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for each in table.tables("points"):
        moment = _moment(each, "at")
        if points and moment < points[-1][0]:
            raise each.mistake("点は時刻の順に並べてください。", "at")
        points.append((moment, each.needed("share", most=1e6)))
        each.end()
    if len(points) < 2 or points[0][0] == points[-1][0]:
        raise table.mistake("[[points]] が2つ以上、違う時刻でいります。", "points")
    if not any(share for _, share in points):
        raise table.mistake("share がすべて0です。1件も始まりません。", "points")
    return points


def _mixes(table: Table) -> tuple[Mix, ...]:
    found: list[Mix] = []
    for each in table.tables("mix"):
        begins = _moment(each, "from", "0:00")
        if found and begins <= found[-1].from_minute:
            raise each.mistake("[[mix]] は時刻の順に並べてください。", "from")
        does = each.weights("journeys", journeys())
        if not does:
            raise each.mistake("[mix.journeys] がありません。")
        terminals = each.weights("terminals", [terminal.value for terminal in Terminal])
        found.append(Mix(begins, does, terminals or {Terminal.PC.value: 1.0}))
        each.end()
    if not found:
        raise table.mistake("[[mix]] がありません。", "mix")
    return tuple(found)


def _prefectures(table: Table) -> dict[str, float]:
    by_name = {prefecture.name: prefecture.code[:2] for prefecture in PREFECTURES}
    return {by_name[name]: weight for name, weight in table.weights("prefectures", by_name).items()}


def _faults(table: Table, begins: float) -> tuple[Fault, ...]:
    found: list[Fault] = []
    for each in table.tables("faults"):
        since, until = _moment(each, "from"), _moment(each, "to")
        if until <= since:
            raise each.mistake("「to」は「from」より後にしてください。", "to")
        able = [system.value for system in WORLD_SYSTEMS]
        system = System(each.text("system", "network", among=able))
        mode = Mode(each.text("mode", "stopped", among=[Mode.STOPPED.value, Mode.LATE.value]))
        if mode is Mode.LATE and system is not System.NETWORK:
            raise each.mistake("late（後日回答）にできるのは network だけです。", "mode")
        late = int(each.number("late_seconds", 60.0, most=31_536_000) or 0)
        found.append(
            Fault(since - begins, until - begins, system, mode, late, each.text("title", f"{system} {mode}"))
        )
        each.end()
    return tuple(found)
