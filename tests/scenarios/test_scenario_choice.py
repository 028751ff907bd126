"""Which scenarios are run: by id, by requirement; what there is not is said with what comes near."""

import json

import pytest
from rich.console import Console

from mynasim import scenarios as command
from scenarios import registry
from scenarios.requirements import Unknown
from scenarios.run import show_list


def test_all_unless_something_is_chosen() -> None:
    assert registry.select() == registry.suite()


def test_by_id_and_by_requirement() -> None:
    chosen = registry.select(["wrong-pin"], ["REC-2"])

    assert [each.id for each in chosen] == ["records-at-once", "wrong-pin"]


@pytest.mark.parametrize(
    ("ids", "requirements", "hint"),
    [
        (["wrong-pins"], [], "wrong-pin"),
        (["records"], [], "records-at-once"),
        ([], ["ACC1"], "ACC-1"),
        (["何か"], [], "--list"),
    ],
)
def test_what_there_is_not(ids: list[str], requirements: list[str], hint: str) -> None:
    with pytest.raises(Unknown, match=hint):
        registry.select(ids, requirements)


def test_a_requirement_that_nothing_shows_yet() -> None:
    with pytest.raises(Unknown, match="PAY-5"):
        registry.select([], ["PAY-5"])


def test_the_list(out: Console, capsys: pytest.CaptureFixture[str]) -> None:
    show_list([], ["ACC-3"], out, as_json=True)

    listed = json.loads(capsys.readouterr().out)
    assert {each["id"] for each in listed} >= {"sign-in", "nickname-required"}
    assert all("ACC-3" in each["requirements"] for each in listed)


def test_the_command_ends_with_0_when_all_pass(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.run("challenge-forged", json=True)

    assert ended.value.code == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["passed"], summary["failed"], len(summary["trace"])) == (1, 0, 64)
    assert summary["requirements"] == {"ACC-1": ["challenge-forged"], "FLD-2": ["challenge-forged"]}
