"""Jinja's templates compiled to leaner Python, by Jinja's own place for that (``Environment.code_generator_class``).

The text of a page is the same to the byte (tests/portal/test_web_templating.py); what a page of a table costs is less
than half, because three things are done in place that are calls otherwise:

- A plain string is escaped by the C function behind ``markupsafe.escape``, without a ``Markup`` around it: what is put
  out is joined and nothing else.
- An attribute is read by ``getattr``; ``Environment.getattr``, with its look for an item, is asked when there is none.
- What stands between two tags of a template leaves as one string, not one by one.
"""

from collections.abc import Callable, MutableMapping
from typing import Any, Final

import jinja2
import markupsafe
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, optimizeconst


def _escaped(text: str) -> str:
    return str(markupsafe.escape(text))


escape_text: Final[Callable[[str], str]] = getattr(markupsafe, "_escape_inner", _escaped)
"""A plain string for a page; MarkupSafe's own, which has no public name."""


class LeanCode(CodeGenerator):
    """Jinja's code generator, with shorter code for what every page does."""

    _shown: str
    """Where what is being put out is held."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja looks for this name
        self.writeline(f"from {__name__} import escape_text")
        super().visit_Template(node, frame)

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja looks for this name
        if frame.buffer is not None or frame.require_output_check or self.environment.finalize is not None:
            super().visit_Output(node, frame)
            return
        finalize = self._make_finalize()
        parts: list[str | nodes.Expr] = []
        for child in node.nodes:
            try:
                constant = self._output_child_to_const(child, frame, finalize)
            except Exception:
                # Not constant; or what is wrong with it is said when the page is made, as Jinja does.
                parts.append(child)
            else:
                if parts and isinstance(parts[-1], str):
                    parts[-1] += constant
                else:
                    parts.append(constant)
        alone = len(parts) == 1
        if not alone:
            self.writeline("yield concat((")
        for part in parts:
            if isinstance(part, str):
                if alone:
                    self.writeline("yield ")
                self.write(repr(part))
            else:
                if alone:
                    self.writeline("yield ", part)
                else:
                    self.newline(part)
                self._output_child_pre(part, frame, finalize)
                self.visit(part, frame)
                self._output_child_post(part, frame, finalize)
            self.write("" if alone else ", ")
        self.write("" if alone else "))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
            return
        self._shown = shown = self.temporary_identifier()
        self.write(f"(escape_text({shown}) if type({shown} := ")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_post(node, frame, finalize)
            return
        shown = self._shown
        self.write(f") is str else {shown} if type({shown}) is Markup else escape({shown}))")

    @optimizeconst
    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja looks for this name
        if self.environment.is_async:
            super().visit_Getattr(node, frame)
            return
        owner, found = self.temporary_identifier(), self.temporary_identifier()
        self.write(f"({found} if ({found} := getattr(({owner} := ")
        self.visit(node.node, frame)
        self.write(
            f"), {node.attr!r}, missing)) is not missing else environment.getattr({owner}, {node.attr!r}))"
        )


class LeanEnvironment(jinja2.Environment):
    """Jinja's environment with this code generator."""

    code_generator_class = LeanCode

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One dictionary, copied for each page, in place of a chain of two, which is walked in Python.

        So what is added to the environment's globals is seen by templates that are loaded later, as Jinja asks for anyway.
        """
        return {**self.globals, **(d or {})}
