"""What was typed wrongly (打ちまちがい), in words for the person who typed it."""

from cyclopts.exceptions import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
)
from rich.text import Text


def in_japanese(error: CycloptsError) -> Text:
    """One message without a frame, as every other refusal looks; fits an `App(error_formatter=…)`."""
    return Text(f"mynasim: {_message(error)}使いかたは --help で見られます。")


def _message(error: CycloptsError) -> str:
    match error:
        case UnknownOptionError():
            return f"「{error.token.keyword or error.token.value}」という指定はありません。"
        case UnknownCommandError():
            return f"「{(error.unused_tokens or ['?'])[0]}」というコマンドはありません。"
        case CoercionError():
            value = error.token.value if error.token is not None else ""
            choices = error.argument.get_choices(force=True) if error.argument is not None else None
            fitting = f"選べるのは {'、'.join(choices)} です。" if choices else ""
            return f"{_name(error)} の値「{value}」を読めません。{fitting}"
        case MissingArgumentError():
            return f"{_name(error)} の値がありません。"
        case RepeatArgumentError():
            return f"{error.token.keyword} が二度あります。"
        case UnusedCliTokensError():
            return f"「{' '.join(error.unused_tokens or [])}」は余分です。"
        case _:
            return f"指定を読めません（{error}）。"


def _name(error: CycloptsError) -> str:
    return error.argument.name if error.argument is not None else "指定"
