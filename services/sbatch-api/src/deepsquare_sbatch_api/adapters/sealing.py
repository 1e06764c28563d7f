"""Scripts encrypted at rest (workflow.md W-REN-11): AES-256-GCM around any script store.

A sealed value is one byte of version, the id of its key (8 bytes), a random nonce (12 bytes), and
the ciphertext with its tag; the script's hash is authenticated with it, so that no value can be put
in another's place. A value that was kept before there were keys is recognised by its first byte:
scripts begin with ``#``, answers with ``{``.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from deepsquare.errors import Broken
from deepsquare.identifiers import BatchLocationHash, JobId
from deepsquare_sbatch_api.adapters.keys import ID_BYTES, Key
from deepsquare_sbatch_api.domain.retention import ScriptUse
from deepsquare_sbatch_api.ports.scripts import RequestKey, ScriptStore, StoredScript

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Unsealable(Broken):
    """A stored value was made with a key that is not configured, or it was altered."""

    code = "unsealable"


def derive(key: Key, purpose: bytes) -> bytes:
    """Return 32 bytes for one purpose (HKDF, RFC 5869), so that no key has two uses."""
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(key.secret)


class Sealer:
    """Seals with the first key, opens with any; without keys it leaves values as they are."""

    def __init__(self, keys: tuple[Key, ...] = ()) -> None:
        self._id = keys[0].id if keys else None
        self._cipher_by_id = {key.id: AESGCM(derive(key, b"scripts")) for key in keys}

    def seal(self, plain: bytes, *, bound_to: bytes) -> bytes:
        """Encrypt a value and bind it to a name."""
        if self._id is None:
            return plain
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher_by_id[self._id].encrypt(nonce, plain, bound_to)
        return _VERSION + self._id + nonce + sealed

    def open(self, sealed: bytes, *, bound_to: bytes) -> bytes:
        """Decrypt a value that was sealed; raises `Unsealable`."""
        version, rest = sealed[:1], sealed[1:]
        if version != _VERSION:
            return sealed
        cipher = self._cipher_by_id.get(rest[:ID_BYTES])
        if cipher is None:
            raise Unsealable("a stored script was made with another key: add that key to the file")
        nonce, body = rest[ID_BYTES:][:_NONCE_BYTES], rest[ID_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, bound_to)
        except InvalidTag as error:
            raise Unsealable("a stored script was altered") from error


class SealedScripts:
    """`ScriptStore` that encrypts contents and answers on their way to another store."""

    def __init__(self, store: ScriptStore, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def save(self, script: StoredScript, *, request_key: RequestKey | None) -> bytes:
        """See `ScriptStore.save`."""
        sealed = replace(
            script,
            content=self._sealer.seal(script.content, bound_to=_content(script.hash)),
            answer=self._seal_answer(script.answer, request_key),
        )
        answer = await self._store.save(sealed, request_key=request_key)
        return self._open_answer(answer, request_key)

    async def answer_to(self, request_key: RequestKey) -> bytes | None:
        """See `ScriptStore.answer_to`."""
        answer = await self._store.answer_to(request_key)
        return None if answer is None else self._open_answer(answer, request_key)

    async def find(self, script_hash: BatchLocationHash) -> StoredScript | None:
        """See `ScriptStore.find`; the answer stays sealed."""
        script = await self._store.find(script_hash)
        if script is None:
            return None
        content = self._sealer.open(script.content, bound_to=_content(script_hash))
        return replace(script, content=content)

    async def link(self, script_hash: BatchLocationHash, job_id: JobId) -> None:
        """See `ScriptStore.link`."""
        await self._store.link(script_hash, job_id)

    async def end(self, job_id: JobId, at: datetime) -> None:
        """See `ScriptStore.end`."""
        await self._store.end(job_id, at)

    async def hot_jobs(self) -> Sequence[JobId]:
        """See `ScriptStore.hot_jobs`."""
        return await self._store.hot_jobs()

    async def use_of(self, script_hash: BatchLocationHash) -> ScriptUse | None:
        """See `ScriptStore.use_of`."""
        return await self._store.use_of(script_hash)

    async def uses(self, *, stored_by: datetime) -> Sequence[ScriptUse]:
        """See `ScriptStore.uses`."""
        return await self._store.uses(stored_by=stored_by)

    async def drop(self, use: ScriptUse) -> bool:
        """See `ScriptStore.drop`."""
        return await self._store.drop(use)

    async def check(self) -> None:
        """See `ScriptStore.check`."""
        await self._store.check()

    def _seal_answer(self, answer: bytes, request_key: RequestKey | None) -> bytes:
        return self._sealer.seal(answer, bound_to=_answer(request_key))

    def _open_answer(self, answer: bytes, request_key: RequestKey | None) -> bytes:
        return self._sealer.open(answer, bound_to=_answer(request_key))


def _content(script_hash: BatchLocationHash) -> bytes:
    return b"content:" + script_hash.encode()


def _answer(request_key: RequestKey | None) -> bytes:
    name = f"{request_key.scope}:{request_key.key}" if request_key else ""
    return b"answer:" + name.encode()
