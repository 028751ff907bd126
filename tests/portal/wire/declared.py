"""Every operation that portal.wire declares, found by looking."""

import importlib
import pkgutil

import portal.wire
from portal.wire.operation import AnyOperation, Operation
from portal.wire.systems import System


def _found() -> list[AnyOperation]:
    operations: dict[int, AnyOperation] = {}
    for module in pkgutil.iter_modules(portal.wire.__path__):
        for name, value in vars(importlib.import_module(f"portal.wire.{module.name}")).items():
            if isinstance(value, Operation):
                operations[id(value)] = value
            elif callable(value) and hasattr(value, "cache_info") and not name.startswith("_"):
                # Declared once for every system: health, API document, controls.
                for system in System:
                    made = value(system)
                    assert isinstance(made, Operation), name
                    operations[id(made)] = made
    return sorted(operations.values(), key=lambda operation: (operation.name, operation.system))


OPERATIONS: list[AnyOperation] = _found()
