"""What an installation keeps secret: made once, kept in its state folder, readable by its owner alone."""

import base64
import hmac
import os
from pathlib import Path

import msgspec

from portal.refusal import Refusal
from portal.seams.chance import Chance

SECRET_BYTES = 32
OPERATOR_PASSWORD_CHARACTERS = 16
"""Of base32: 80 bits."""
FILE_NAME = "secrets.json"


class Secrets(msgspec.Struct, frozen=True):
    """秘密: never shown, never logged."""

    link: bytes
    """By which systems prove themselves to each other."""
    master_key: bytes
    """Wraps the data keys of all folders: without it no folder can be opened again."""
    challenge_key: bytes
    """Seals sign-in challenges."""
    csrf_key: bytes
    """Binds a page's form to its session."""

    def __repr__(self) -> str:
        return "Secrets(...)"

    @property
    def operator_password(self) -> str:
        """運用者の最初のパスワード: follows from the installation's secrets, so that who starts it can be told."""
        sealed = hmac.digest(self.challenge_key, b"the operator's first password", "sha256")
        return base64.b32encode(sealed).decode().lower()[:OPERATOR_PASSWORD_CHARACTERS]


class SecretsUnreadable(Refusal):
    """The file is there but is not what we wrote."""


def new_secrets(chance: Chance) -> Secrets:
    return Secrets(*(chance.random_bytes(SECRET_BYTES) for _ in msgspec.structs.fields(Secrets)))


def load_or_make(folder: Path, chance: Chance) -> Secrets:
    """The installation's secrets. Two processes that start at once end up with the same.

    Raises :class:`SecretsUnreadable`.
    """
    path = folder / FILE_NAME
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = folder / f".{FILE_NAME}.{os.getpid()}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(new_secrets(chance)))
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link appears whole or not at all, and only one of two can be the first.
            os.link(draft, path)
        except FileExistsError:
            # The other process was quicker: its secrets are the installation's.
            pass
        finally:
            draft.unlink()
    try:
        secrets = msgspec.json.decode(path.read_bytes(), type=Secrets)
    except msgspec.MsgspecError as error:
        raise SecretsUnreadable(
            f"{path} が壊れています。控えから戻すか、mynasim reset で状態を空にしてください（フォルダーの中身は失われます）。"
        ) from error
    if any(len(secret) != SECRET_BYTES for secret in msgspec.structs.astuple(secrets)):
        raise SecretsUnreadable(f"{path} の内容が正しくありません。mynasim reset で状態を空にしてください。")
    return secrets
