"""JUnit's XML for build servers: a case for each service level, and one for the generator."""

from pathlib import Path
from xml.etree import ElementTree as ET

from load.result import Exit, Result


def write(result: Result, path: Path) -> None:
    """Raises ``OSError``."""
    cases: list[tuple[str, str | None, str | None]] = []
    """Name, why it failed, why it says nothing."""
    invalid = "、".join(result.spoiled) or None
    for finding in result.findings:
        failed = None if finding.holds else finding.text
        cases.append((f"{finding.subject} {finding.measure} <= {finding.most:g}", failed, invalid))
    if not result.levels.levels:
        failed = "、".join(result.complaints) or None
        cases.append(("失敗も始められなかった開始もない", failed, invalid))
    ended = "一度も訪問が終わらなかった" if result.nothing_ended else None
    cases.append(("訪問が終わった", ended, None))
    cases.append(("負荷をかける側が妨げになっていない", invalid, None))
    if result.exit_code is Exit.STOPPED:
        cases.append(("最後まで実行した", "途中で止めた", None))
    errors = sum(1 for _, _, nothing in cases if nothing is not None)
    failures = sum(1 for _, why, nothing in cases if why is not None and nothing is None)
    suite = ET.Element(
        "testsuite",
        name=f"mynasim load: {result.about.title}",
        tests=str(len(cases)),
        failures=str(failures),
        errors=str(errors),
        time=f"{result.report.seconds:.3f}",
        timestamp=result.about.began_at,
    )
    for name, why, nothing in cases:
        case = ET.SubElement(suite, "testcase", classname="mynasim.load", name=name)
        if nothing is not None:
            ET.SubElement(case, "error", message=f"無効な測定: {nothing}")
        elif why is not None:
            ET.SubElement(case, "failure", message=why)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
