"""The documented way to bring a feature's own actors, invariants, faults and situations works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
RUN = """
from pathlib import Path
import sys
from scenarios.explorer import drawing, people, registry, running
from sim.world.facts import WorldFacts
from sim.world.key_folder import key_folder

registry.load()
exec(Path(sys.argv[1]).read_text("utf-8"))
people.make_ahead(key_folder())
facts = WorldFacts(people.NATION_SEED, key_folder())
outcomes = [running.run(drawing.draw(seed), facts) for seed in range(1, 9)]
for outcome in outcomes:
    print(outcome.breach, "looked-at-the-catalogue" in outcome.reached, "malformed" in outcome.faults)
"""


def test_the_documented_example_runs(tmp_path: Path) -> None:
    (example,) = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs" / "explorer.md").read_text("utf-8"), re.M | re.S
    )
    part = tmp_path / "part.py"
    part.write_text(example, "utf-8")

    done = subprocess.run(
        [sys.executable, "-c", RUN, str(part)], capture_output=True, text=True, cwd=ROOT, timeout=100
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert {line.split(" ")[0] for line in lines} == {"None"}
    assert any(line.split(" ")[1] == "True" for line in lines)
    assert any(line.split(" ")[2] == "True" for line in lines)
