"""What is stored of campaigns: the one that runs."""

from typing import NamedTuple

from portal.store.store import Op, Query, Schema

SCHEMA = Schema(
    "vaccination",
    (
        "CREATE TABLE vaccination_campaigns (run INTEGER PRIMARY KEY, stage TEXT NOT NULL, content BLOB NOT NULL)",
    ),
)


class Row(NamedTuple):
    content: bytes


NEWEST = Query("SELECT content FROM vaccination_campaigns ORDER BY run DESC LIMIT 1", Row)


def put(run: int, before: str, stage: str, content: bytes) -> Op:
    """A run's next stage, or a new run's first; conflicts when the run is not where it was."""
    return Op(
        "INSERT INTO vaccination_campaigns (run, stage, content) VALUES (:run, :stage, :content) "
        "ON CONFLICT (run) DO UPDATE SET stage = excluded.stage, content = excluded.content "
        "WHERE vaccination_campaigns.stage = :before",
        {"run": run, "before": before, "stage": stage, "content": content},
    )


def forget_before(run: int) -> Op:
    return Op("DELETE FROM vaccination_campaigns WHERE run < :run", {"run": run}, None)
