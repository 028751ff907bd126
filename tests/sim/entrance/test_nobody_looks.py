"""A simulated world has nobody who looks at pages: building its systems must not cost it Quart."""

import subprocess
import sys

PROGRAM = """
import sys
import sim.cards_desk.system, sim.intermediate.system, sim.jpki.system, sim.mailbox.system
import sim.network.system, sim.registry.system
print([name for name in ("quart", "hypercorn", "aiosmtpd") if name in sys.modules])
"""


def test_simulators_are_built_without_quart() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]", done.stdout
