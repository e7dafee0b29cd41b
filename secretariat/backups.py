"""Backups that are proved by restoring them: made while people write, of either database."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from schemas.account_tables import SignedIn
from schemas.backup import Manifest, stamp
from schemas.tables import Lease, Link, Mail
from secretariat import archive, audit, copying, ledger
from secretariat.errors import BadInputError, ConflictError, DamagedError, UnreachableError
from secretariat.keys import kept_keys, name_of
from secretariat.settings import Settings
from secretariat.store import Store, locked, open_store, opened


def make(settings: Settings, to: Path, now: datetime) -> Manifest:
    """Write a backup of the store and its documents, once it was restored in a scratch place.

    ``now`` is UTC. Raises ConflictError: ``to`` is there already, or the backup does not restore.
    """
    if to.exists():
        raise ConflictError(f"{to} exists already; nothing was written.")
    with _scratch(settings) as scratch, _closing(opened(settings.store_url)) as store:
        copy, made = scratch / archive.STORE, scratch / "made.zip"
        _copy(store, copy)
        manifest = _described(copy, now)
        archive.pack(made, manifest, _files(settings, copy))
        copy.unlink()
        with _restored(made, scratch / "proof"):
            archive.keep(made, to)
    return manifest


def prove(settings: Settings, path: Path) -> Manifest:
    """Restore a backup in a scratch place, as far as a restore goes before it is put in place.

    Raises BadInputError: it is none, or damaged; ConflictError: its ledger is not whole.
    """
    with _scratch(settings) as scratch, _restored(path, scratch / "proof") as (manifest, _):
        return manifest


def restore(settings: Settings, path: Path, now: datetime, *, aside: bool) -> Manifest:
    """Put a backup in place of an empty store, or of one that is set ``aside`` and kept.

    The caller holds the store. Raises what ``prove`` raises; ConflictError: the store is not empty.
    Then nothing was changed.
    """
    with _scratch(settings) as scratch, _closing(open_store(settings.store_url)) as target:
        if not aside and _is_in_use(target):
            raise ConflictError(
                f"{target.engine.url.render_as_string()} holds something already. Nothing was "
                "changed. To keep that under another name and restore, add --set-aside."
            )
        with _restored(path, scratch / "proof") as (manifest, store):
            _settle(store, now)
            archive.add_documents(scratch / "proof", settings.directory)
            if target.is_sqlite:
                _put_in_place(store, target, now)
            else:
                copying.move(store, target, f"before_{stamp(now).lower()}")
    return manifest


def missing_keys(settings: Settings, now: datetime) -> list[str]:
    """The names of the keys that signed links which still run, and that are not here."""
    there = settings.link_keys.exists()
    here = {name_of(key) for key in kept_keys(settings.link_keys)} if there else set()
    running = col(Link.revoked_at).is_(None) & (col(Link.expires_at) > now)
    with _closing(opened(settings.store_url)) as store, store.read() as session:
        signed = session.exec(select(Link.key).where(running).distinct())
        return sorted(set(signed) - here)


@contextlib.contextmanager
def _closing(store: Store) -> Iterator[Store]:
    """Leaves no connection open to a store: files are moved here."""
    try:
        yield store
    finally:
        store.engine.dispose()


@contextlib.contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    """An empty directory beside the store, for one backup at a time. Raises ConflictError."""
    path = settings.directory / "scratch"
    with (settings.directory / "scratch.lock").open("w") as lock:
        if not locked(lock):
            raise ConflictError("Another backup is being made or restored. Try again after it.")
        shutil.rmtree(path, ignore_errors=True)  # of one that was killed
        path.mkdir(mode=0o700)
        try:
            with _giving_way():
                yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _giving_way() -> Iterator[None]:
    """Other threads wait for Python a tenth as long: people's work goes on beside a backup."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _copy(store: Store, to: Path) -> None:
    """Write everything in a store at one moment into a new SQLite file. Raises ConflictError."""
    if store.is_sqlite:
        store.write_to(to)
        return
    with _laid_out(to) as made:
        copying.move(store, made, "")


def _described(copy: Path, now: datetime) -> Manifest:
    with _laid_out(copy) as store, store.snapshot() as reading:
        return Manifest(
            version=version("secretariat"),
            revision=store.revision(reading),
            made_at=now,
            head=str(ledger.head(Session(reading))),
            tables=copying.counts(reading),
        )


@contextlib.contextmanager
def _laid_out(path: Path) -> Iterator[Store]:
    """A store in the scratch place."""
    with _closing(open_store(f"sqlite:///{path}", lasting=False)) as store:
        yield store


def _files(settings: Settings, copy: Path) -> dict[str, Path]:
    """What goes into a backup: no keys, so that whoever finds it cannot sign anything."""
    files = {archive.STORE: copy, "programme.yaml": settings.programme}
    for document in sorted((settings.directory / archive.DOCUMENTS).glob("*")):
        files[f"{archive.DOCUMENTS}/{document.name}"] = document
    return files


@contextlib.contextmanager
def _restored(path: Path, within: Path) -> Iterator[tuple[Manifest, Store]]:
    """A backup laid out in a directory, found to be what it says, and of today's schema."""
    manifest = archive.unpack(path, within)
    with _laid_out(within / archive.STORE) as store:
        with store.snapshot() as reading:
            faults = [
                *reading.exec_driver_sql("pragma integrity_check").scalars(),
                *reading.exec_driver_sql("pragma foreign_key_check").all(),
            ]
            if faults != ["ok"] or copying.counts(reading) != manifest.tables:
                raise BadInputError(f"{path} holds other rows than it says.")
        store.migrate()
        with store.read() as session:
            verdict = audit.check(session)
        if verdict.fault or str(verdict.head) != manifest.head:
            raise ConflictError(f"The backup does not restore. {audit.said(verdict)}")
        yield manifest, store


def _settle(store: Store, now: datetime) -> None:
    """What must not be as it was then: mails may have left, sessions ended, others have ticked."""
    with store.write() as session:
        unsent = col(Mail.ended_at).is_(None) & (col(Mail.not_before) <= now)
        session.exec(update(Mail).where(unsent).values(possible_duplicate=True))
        session.exec(delete(SignedIn).where(col(SignedIn.kind) == "browser"))
        above_any_since = col(Lease.number) + 1000
        session.exec(update(Lease).values(holder="", number=above_any_since))


def _is_in_use(store: Store) -> bool:
    """Whether something ever happened in it; a damaged file counts as such."""
    if store.file and not store.file.exists():
        return False
    try:
        return not (store.is_empty() or store.is_untouched())
    except DamagedError:
        return True


def _put_in_place(new: Store, target: Store, now: datetime) -> None:
    """At every instant there is a whole store in that place: the old one or the new one."""
    place, made = (Path(store.engine.url.database or "") for store in (target, new))
    new.fold()
    try:
        if place.exists():
            _keep_aside(target, place, f"{place}.before-{stamp(now)}")
        archive.sync(made)
        made.replace(place)
        archive.sync(place.parent)
    except OSError as error:
        raise UnreachableError(f"{place} cannot be written: {error.strerror}.") from None


def _keep_aside(store: Store, place: Path, aside: str) -> None:
    """Give a store's file a second name; what a damaged one has beside it goes along."""
    try:
        store.fold()
    except DamagedError:
        for ending in ("-wal", "-shm"):
            if (beside := Path(f"{place}{ending}")).exists():
                beside.replace(f"{aside}{ending}")
    os.link(place, aside)
