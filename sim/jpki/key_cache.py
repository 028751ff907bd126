"""The keys made so far, in a folder and in memory: the only file of JPKI that touches a disk.

Making a key takes 26 ms, reading one back some tens of µs. The folder is a cache and nothing else: whatever
is missing, torn or altered is made anew, and a folder that cannot be written slows things down but breaks
nothing. Several processes may use one folder: a file appears whole (temporary file, then rename), and two who
make the same key make the same bytes.
"""

import contextlib
import hashlib
import hmac
import multiprocessing
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from sim.jpki.keys import key_der, load_key

KEYS_IN_MEMORY_MAX: Final = 4096
"""Loaded keys held in memory; each is some kilobytes."""

KEY_FILE_BYTES_MAX: Final = 4096

_MAGIC: Final = b"mynasim-key-1\n"
_CHECK_BYTES: Final = 16
_DOMAIN: Final = b"mynasim key file v1"


class KeyCache:
    """Keys by seed and label, from memory, from the folder, or derived. Safe to share between threads."""

    def __init__(self, folder: Path | None = None, *, in_memory_max: int = KEYS_IN_MEMORY_MAX) -> None:
        if in_memory_max < 1:
            raise ValueError("at least one key must fit in memory")
        self._folder = folder
        self._in_memory_max = in_memory_max
        self._loaded: OrderedDict[bytes, rsa.RSAPrivateKey] = OrderedDict()
        self._lock = threading.Lock()
        self.made = 0
        """How many keys had to be derived."""
        self.problem: str | None = None
        """Why the folder could not be written the last time, for `mynasim doctor`; None while all is well."""

    def __repr__(self) -> str:
        return f"KeyCache({self._folder!s}, in memory {len(self._loaded)}/{self._in_memory_max}, made {self.made})"

    def private_key(self, seed: bytes, label: str) -> rsa.RSAPrivateKey:
        """The key of this seed and label."""
        name = _name(seed, label)
        with self._lock:
            key = self._loaded.get(name)
            if key is not None:
                self._loaded.move_to_end(name)
                return key
        key = self._from_folder(name)
        if key is None:
            # Outside the lock: 26 ms. Two threads may do it twice; both get the same key.
            der = key_der(seed, label)
            key = load_key(der)
            self.made += 1
            self._keep(name, der)
        with self._lock:
            self._loaded[name] = key
            while len(self._loaded) > self._in_memory_max:
                self._loaded.popitem(last=False)
        return key

    def has(self, seed: bytes, label: str) -> bool:
        """Whether the key can be had without deriving it."""
        name = _name(seed, label)
        with self._lock:
            if name in self._loaded:
                return True
        return self._from_folder(name) is not None

    def _from_folder(self, name: bytes) -> rsa.RSAPrivateKey | None:
        if self._folder is None:
            return None
        try:
            with _path(self._folder, name).open("rb") as file:
                content = file.read(KEY_FILE_BYTES_MAX + 1)
        except OSError:
            return None
        head, der = content[: len(_MAGIC) + _CHECK_BYTES], content[len(_MAGIC) + _CHECK_BYTES :]
        if not hmac.compare_digest(head, _MAGIC + _check(name, der)):
            return None
        try:
            return load_key(der)
        except ValueError:
            return None

    def _keep(self, name: bytes, der: bytes) -> None:
        if self._folder is None:
            return
        path = _path(self._folder, name)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path, _MAGIC + _check(name, der) + der)
        except OSError as error:
            self.problem = f"鍵の保存先に書き込めません ({error.strerror or error}): {path.parent}"
        else:
            self.problem = None


def prewarm(
    folder: Path,
    seed: bytes,
    labels: Iterable[str],
    *,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Make the keys of these labels on all cores and leave them in the folder; returns how many were missing.

    `progress(done, total)` is called in this process after each key. Raises RuntimeError when a worker dies;
    what it had made by then stays. Workers are spawned, not forked, so that threads of the caller do no harm;
    a worker whose parent is gone ends at its next key.
    """
    cache = KeyCache(folder, in_memory_max=1)
    missing = [label for label in dict.fromkeys(labels) if not cache.has(seed, label)]
    if not missing:
        return 0
    count = max(1, min(processes or os.cpu_count() or 1, len(missing)))
    if count == 1:
        for done, label in enumerate(missing, 1):
            cache.private_key(seed, label)
            if progress is not None:
                progress(done, len(missing))
        if cache.problem is not None:
            raise RuntimeError(cache.problem)
        return len(missing)
    _make_in_processes(folder, seed, [missing[i::count] for i in range(count)], progress)
    return len(missing)


def _make_in_processes(
    folder: Path, seed: bytes, shares: Sequence[Sequence[str]], progress: Callable[[int, int], None] | None
) -> None:
    context = multiprocessing.get_context("spawn")
    total = sum(len(share) for share in shares)
    done = 0
    problems: list[str] = []
    workers = []
    listening: list[Connection] = []
    try:
        for share in shares:
            reader, writer = context.Pipe(duplex=False)
            worker = context.Process(target=_make, args=(folder, seed, share, writer), daemon=True)
            worker.start()
            writer.close()  # the worker has its own end; ours would keep the pipe open after it died
            workers.append(worker)
            listening.append(reader)
        while listening:
            for ready in wait(listening):
                assert isinstance(ready, Connection)
                try:
                    said = ready.recv()
                except EOFError:
                    listening.remove(ready)
                    ready.close()
                    continue
                if isinstance(said, str):
                    problems.append(said)
                    continue
                done += 1
                if progress is not None:
                    progress(done, total)
    finally:
        for reader in listening:
            reader.close()
        for worker in workers:
            if listening:  # left by an exception: nobody waits for the rest
                worker.terminate()
            worker.join()
            worker.close()
    if done != total:
        raise RuntimeError(
            f"鍵 {total} 個のうち {done} 個まで作成しました: {problems[0] if problems else '作業プロセスが終了しました'}"
        )


def _make(folder: Path, seed: bytes, labels: Sequence[str], writer: Connection) -> None:
    """The worker: makes its share, and says so after each."""
    cache = KeyCache(folder, in_memory_max=1)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        for label in labels:
            cache.private_key(seed, label)
            if cache.problem is not None:
                writer.send(cache.problem)
                return
            writer.send(True)


def _name(seed: bytes, label: str) -> bytes:
    """A name from which neither seed nor label can be computed."""
    message = b"".join((_DOMAIN, len(seed).to_bytes(4, "big"), seed, label.encode()))
    return hashlib.shake_256(message).digest(20)


def _path(folder: Path, name: bytes) -> Path:
    text = name.hex()
    return folder / text[:2] / f"{text[2:]}.key"


def _check(name: bytes, der: bytes) -> bytes:
    """Covers the name too: a file copied to another's place is noticed."""
    return hashlib.blake2b(name + der, digest_size=_CHECK_BYTES).digest()


def _write_whole(path: Path, content: bytes) -> None:
    """All or nothing. Not flushed to the platter: what a power cut tears, the check notices."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
