"""The run as one HTML file: nothing is loaded from anywhere, and nothing needs a script."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path

from scenarios import requirements as deck
from scenarios import sequence_diagram
from scenarios.playing import Failure, Result
from scenarios.sequence_diagram import duration


def write(
    path: Path, results: Sequence[Result], shown: Mapping[str, Sequence[str]], *, live: bool, seed: int
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(results, shown, live=live, seed=seed), "utf-8")


def render(results: Sequence[Result], shown: Mapping[str, Sequence[str]], *, live: bool, seed: int) -> str:
    """The whole file."""
    tokens = resources.files("portal.web").joinpath("static/tokens.css").read_text("utf-8")
    failed = [result for result in results if not result.passed]
    verdict = f"✕ {len(failed)}件が失敗" if failed else "✓ すべて合格"
    kind = "実際の通信" if live else f"模擬時間（種 {seed}）"
    seconds = duration(sum(result.seconds for result in results))
    return (
        '<!doctype html><html lang="ja"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>シナリオの結果: {verdict}</title><style>{tokens}{STYLE}</style></head><body>"
        '<p class="banner">模擬システム：実在のマイナポータルとは関係ありません。人物はすべて架空です。</p>'
        f'<main><h1>シナリオの結果</h1><p class="verdict {"failed" if failed else "passed"}">{verdict}</p>'
        f"<p>{len(results)}件のシナリオを{kind}で動かしました。かかった時間は{seconds}です。</p>"
        f"{_failures(failed)}{_matrix(results, shown)}"
        f"<h2>シナリオ</h2>{''.join(_scenario(result) for result in results)}</main></body></html>\n"
    )


def _failures(failed: Sequence[Result]) -> str:
    if not failed:
        return ""
    rows = "".join(
        f'<li><a href="#{result.scenario.id}">{escape(result.scenario.title)}</a>'
        f"<br>{escape(str(result.failure))}</li>"
        for result in failed
    )
    return f'<section class="failure"><h2>失敗したシナリオ</h2><ul>{rows}</ul></section>'


def _matrix(results: Sequence[Result], shown: Mapping[str, Sequence[str]]) -> str:
    by_id = {result.scenario.id: result for result in results}
    rows = []
    for requirement, ids in shown.items():
        everywhere = len(ids) == len(results) > 1
        links = (
            f"{len(ids)}件すべての世界で確かめた"
            if everywhere
            else "、".join(_link(by_id[each]) for each in ids)
        )
        passed = sum(by_id[each].passed for each in ids)
        mark = "✓" if passed == len(ids) else "✕"
        kind = "passed" if passed == len(ids) else "failed"
        rows.append(
            f'<tr><th scope="row">{requirement}</th><td>{escape(deck.TITLES[requirement])}</td>'
            f'<td class="{kind}">{mark} {passed}/{len(ids)}</td><td>{links}</td></tr>'
        )
    return (
        '<h2>要件とシナリオ</h2><div class="wide" role="region" aria-label="要件とシナリオ" tabindex="0"><table>'
        '<thead><tr><th scope="col">要件</th><th scope="col">内容</th><th scope="col">合格</th>'
        f'<th scope="col">シナリオ</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _link(result: Result) -> str:
    mark = "" if result.passed else "✕ "
    return f'<a href="#{result.scenario.id}">{mark}{escape(result.scenario.title)}</a>'


def _scenario(result: Result) -> str:
    scenario = result.scenario
    outcome = "✓ 合格" if result.passed else "✕ 失敗"
    kind = "passed" if result.passed else "failed"
    diagram = sequence_diagram.draw(
        f"シーケンス図: {scenario.title}", result.messages, result.steps, name=f"d-{scenario.id}"
    )
    lines = "".join(
        f"<li>{escape(sequence_diagram.told(row))}</li>"
        for row in sequence_diagram.rows_of(result.messages, result.steps)
    )
    return (
        f'<section class="scenario" id="{scenario.id}"><h3>{escape(scenario.title)}</h3>'
        f'<p><span class="{kind}">{outcome}</span>　{" ".join(scenario.requirements)}　<code>{scenario.id}</code>　'
        f"{duration(result.seconds)}（世界の時間 {duration(result.world_seconds)}、メッセージ{len(result.messages)}件）</p>"
        f"{_failure(result.failure)}"
        f'<div class="wide" role="region" aria-label="{escape(scenario.title)}のシーケンス図" tabindex="0">{diagram}</div>'
        f"<details><summary>文字で読む</summary><ol>{lines}</ol></details>{_log(result)}</section>"
    )


def _failure(failure: Failure | None) -> str:
    if failure is None:
        return ""
    trace = f"<pre>{escape(failure.trace)}</pre>" if failure.trace else ""
    return (
        f'<div class="failure"><p>{escape(failure.what)}</p><dl><dt>期待</dt><dd>{escape(failure.expected)}</dd>'
        f"<dt>実際</dt><dd>{escape(failure.seen)}</dd><dt>直前の段階</dt><dd>{escape(failure.after or '—')}</dd></dl>"
        f"{trace}</div>"
    )


def _log(result: Result) -> str:
    if result.passed or not result.log:
        return ""
    return (
        f"<details><summary>システムの記録</summary><pre>{escape(chr(10).join(result.log))}</pre></details>"
    )


STYLE = """
*{box-sizing:border-box}
body{margin:0;color:var(--color-neutral-solid-gray-900);background:var(--color-neutral-white);font-family:"Noto Sans JP",
"Noto Sans CJK JP","Hiragino Sans","BIZ UDPGothic","Yu Gothic UI",Meiryo,system-ui,sans-serif;line-height:1.7;overflow-wrap:anywhere}
.banner{margin:0;padding:.375rem clamp(1rem,4vw,2rem);background:var(--color-primitive-yellow-100);font-size:.875rem;font-weight:700;
border-bottom:2px solid var(--color-primitive-yellow-1000)}
main{max-width:90rem;margin:0 auto;padding:2rem clamp(1rem,4vw,2rem) 4rem}
h1,h2,h3{line-height:1.4}h1{margin:0 0 1rem;font-size:2rem}h2{margin:3rem 0 1rem;font-size:1.5rem}h3{margin:0 0 .5rem;font-size:1.25rem}
.verdict{font-size:1.25rem;font-weight:700;margin:0}
.passed{color:var(--color-semantic-success-2);font-weight:700}.failed{color:var(--color-semantic-error-2);font-weight:700}
.failure{border:2px solid var(--color-semantic-error-2);border-radius:.5rem;padding:1rem;margin:1rem 0}.failure h2{margin-top:0}
dt{font-weight:700}dd{margin:0 0 .5rem}
.wide{overflow-x:auto;border:1px solid var(--color-neutral-solid-gray-200);border-radius:.5rem}
.wide>svg{display:block}
table{border-collapse:collapse;width:100%}th,td{padding:.5rem .75rem;text-align:left;vertical-align:top;border-bottom:1px solid
var(--color-neutral-solid-gray-200)}th[scope=row],td:nth-child(3){white-space:nowrap}td:nth-child(2){min-width:14em}thead th{background:var(--color-neutral-solid-gray-50)}
a{color:var(--color-primitive-blue-900);text-underline-offset:.2em}
:focus-visible{outline:4px solid #000;outline-offset:2px;box-shadow:0 0 0 2px var(--color-primitive-yellow-300)}
.scenario{border-top:1px solid var(--color-neutral-solid-gray-420);padding:2rem 0}
summary{cursor:pointer;padding:.625rem 0;font-weight:700;width:fit-content}
pre{overflow-x:auto;background:var(--color-neutral-solid-gray-50);padding:1rem;font-size:.875rem}
code{font-family:"Noto Sans Mono",ui-monospace,monospace}
@media print{.wide{overflow:visible;border:0}.wide>svg{max-width:100%;height:auto}.scenario{break-inside:avoid}}
"""
