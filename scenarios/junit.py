"""The run as JUnit XML, for whatever shows test results."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as Xml

from scenarios.playing import Result


def write(path: Path, results: Sequence[Result]) -> None:
    """One test case for each scenario, its requirements among the properties."""
    suite = Xml.Element(
        "testsuite",
        name="mynasim scenarios",
        tests=str(len(results)),
        failures=str(sum(not result.passed for result in results)),
        errors="0",
        skipped="0",
        time=f"{sum(result.seconds for result in results):.3f}",
    )
    for result in results:
        suite.append(_case(result))
    root = Xml.Element("testsuites")
    root.append(suite)
    tree = Xml.ElementTree(root)
    Xml.indent(tree)
    path.parent.mkdir(parents=True, exist_ok=True)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _case(result: Result) -> Xml.Element:
    scenario = result.scenario
    case = Xml.Element(
        "testcase",
        classname=f"scenarios.{scenario.subject}",
        name=f"{scenario.id} {scenario.title}",
        time=f"{result.seconds:.3f}",
    )
    properties = Xml.SubElement(case, "properties")
    for requirement in scenario.requirements:
        Xml.SubElement(properties, "property", name="requirement", value=requirement)
    if result.failure is not None:
        failure = Xml.SubElement(case, "failure", type="Mismatch", message=_plain(str(result.failure)))
        failure.text = _plain(
            "\n".join(filter(None, (f"この前の段階: {result.failure.after}", result.failure.trace)))
        )
    return case


def _plain(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return "".join(letter for letter in text if letter >= " " or letter in "\n\t")
