"""A sample context for every screen, in more than one state: what `test_web_design.py` renders.

Where a template's samples stand follows from its name: those of `records/request.html` in `records.py`, those of a
template without a folder (`top.html`) in `web.py`. Each file holds `SAMPLES`: (name, template, context). The names are
also good for a file of a picture. What several files share is in `frame.py`.
"""

import importlib
import pkgutil

from web_samples.frame import Sample

BY_FILE: dict[str, list[Sample]] = {
    module.name: importlib.import_module(f"{__name__}.{module.name}").SAMPLES
    for module in pkgutil.iter_modules(__path__)
    if module.name != "frame"
}
SAMPLES: list[Sample] = [sample for samples in BY_FILE.values() for sample in samples]


def file_of(template: str) -> str:
    """The name of the file in which a template's samples stand."""
    folder, slash, _ = template.partition("/")
    return folder if slash else "web"
