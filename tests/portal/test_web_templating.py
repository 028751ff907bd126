"""Templates of ours say what Jinja's own code says, to the byte and to the error."""

import traceback
from typing import Any, NamedTuple

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.compiler import CodeGenerator
from markupsafe import Markup
from test_web_design import ENVIRONMENT, ROOT, SAMPLES

from portal.web import design, templating
from portal.web.templating import LeanEnvironment


def as_jinja(env: jinja2.Environment) -> jinja2.Environment:
    env.code_generator_class = CodeGenerator
    return env


PLAIN = as_jinja(design.environment(ROOT / "portal", ROOT / "sim"))


@pytest.mark.parametrize(("template", "context"), [sample[1:] for sample in SAMPLES])
def test_every_page_is_the_same(template: str, context: Any) -> None:
    assert ENVIRONMENT.get_template(template).render(context) == PLAIN.get_template(template).render(context)


class Text(str):
    """Of a kind of its own."""

    __slots__ = ()


class Html:
    def __html__(self) -> str:
        return "<i>raw</i>"


class Named(NamedTuple):
    name: object
    items: object


class Fails:
    @property
    def name(self) -> str:
        raise AttributeError("inside")

    @property
    def items(self) -> str:
        raise LookupError("inside")


_PLAIN_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False), st.text("a<>&\"'あ\ud800 ", max_size=4),
    st.builds(Text, st.text("a<&", max_size=3)), st.builds(Markup, st.text("a<&", max_size=3)), st.builds(Html),
    st.builds(Fails), st.binary(max_size=2), st.builds(jinja2.Undefined),
)  # fmt: skip
_VALUES = st.recursive(
    _PLAIN_VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["name", "items", "other"]), inner, max_size=3),
        st.builds(Named, inner, inner),
    ),
    max_leaves=5,
)
_PIECES = [
    "text", "<b>", "{{ a }}", "{{ b }}", "{{ a.name }}", "{{ b.items }}", "{{ a.name.other }}", "{{ missing }}", "{{ missing.name }}",
    "{{ a.name if b else a.items }}", "{{ a ~ b.name }}", "{{ a|upper }}", "{{ a|safe }}", "{{ a.name|default('x') }}", "{{ '<' }}{{ 1 }}",
    "{{ a is defined }}", "{{ a == b.name }}", "{% set a = b.name %}", "{% set c %}{{ a }}<{{ b }}{% endset %}{{ c }}", "{{ c }}",
    "{% for each in a %}[{{ each }}{{ each.name }}{{ loop.index }}]{% else %}none{% endfor %}",
    "{% for each in b if each.name %}{{ each.name }}{% endfor %}", "{% for x, y in a.items() %}{{ x }}{{ y.name }}{% endfor %}",
    "{% if a.name %}{{ a.name }}{% elif b %}b{% else %}{{ b }}{% endif %}", "{% macro m(x, y='<') %}{{ x }}{{ y }}{{ x.name }}{% endmacro %}{{ m(a) }}",
    "{% call(z) m2(b) %}{{ z }}{{ a.name }}{% endcall %}", "{% macro m2(x) %}({{ caller(x.name) }}){% endmacro %}",
    "{% filter upper %}{{ a }}x{% endfilter %}", "{% autoescape false %}{{ a }}<{{ b.name }}{% endautoescape %}",
    "{% autoescape b %}{{ a }}<{{ b.name }}{% endautoescape %}", "{% with d = a.name %}{{ d }}{{ d.name }}{% endwith %}",
    "{% block one %}{{ a.name }}{{ b }}{% endblock %}", "{{ a['name'] }}", "{{ a.name.upper() }}", "{{ [a.name, b]|join('<') }}", "{{ 1 / 0 }}", "\n",
]  # fmt: skip


def outcome(env: jinja2.Environment, source: str, context: dict[str, Any]) -> object:
    try:
        return env.from_string(source).render(context)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("undefined", [jinja2.Undefined, jinja2.StrictUndefined, jinja2.ChainableUndefined])
@pytest.mark.parametrize("autoescape", [True, False])
@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=6, unique=True), a=_VALUES, b=_VALUES)
def test_made_up_templates_are_the_same(
    undefined: Any, autoescape: bool, pieces: list[str], a: Any, b: Any
) -> None:
    ours = LeanEnvironment(autoescape=autoescape, undefined=undefined)
    theirs = jinja2.Environment(autoescape=autoescape, undefined=undefined)
    source = "".join(pieces)

    assert outcome(ours, source, {"a": a, "b": b}) == outcome(theirs, source, {"a": a, "b": b})


def test_children_and_included_templates_are_the_same() -> None:
    templates = {
        "base": "<{{ a.name }}{{ b }}{% block one %}base{{ a }}{% endblock %}{% include 'part' %}>",
        "child": "{% extends 'base' %}{% import 'macros' as m %}lost{{ a }}{% block one %}{{ super() }}{{ m.show(b) }}{{ a }}{% endblock %}",
        "maybe": "{% if b %}{% extends 'base' %}{% endif %}kept{{ a.name }}{{ b }}",
        "part": "part{{ a.name }}{{ b }}",
        "macros": "{% macro show(x) %}*{{ x }}{{ x.name }}{% endmacro %}",
    }
    for name in templates:
        for b in ("", "<b>"):
            ours, theirs = (
                kind(autoescape=True, loader=jinja2.DictLoader(templates)) for kind in (LeanEnvironment, jinja2.Environment)
            )  # fmt: skip
            context = {"a": {"name": "<a>"}, "b": b}
            assert ours.get_template(name).render(context) == theirs.get_template(name).render(context), name


def test_an_error_names_the_line_of_the_template() -> None:
    source = "first {{ a }}\nsecond {{ a }}\nthird {{ a }}{{ missing.name }}\n"
    lines = []
    for kind in (LeanEnvironment, jinja2.Environment):
        with pytest.raises(jinja2.UndefinedError) as caught:
            kind(undefined=jinja2.StrictUndefined).from_string(source).render(a=1)
        frames = traceback.extract_tb(caught.value.__traceback__)
        lines.append([frame.lineno for frame in frames if frame.filename == "<template>"])
    assert lines[0] == lines[1] == [3]


def test_plain_text_is_escaped_by_markupsafe_itself() -> None:
    for text in ("", "a", "<>&\"'", "あ<𠮷", "&amp;", "\ud800<"):
        assert templating.escape_text(text) == templating._escaped(text)
        assert type(templating.escape_text(text)) is str
