"""Does a file lie on a disk of this machine? SQLite's locks hold nowhere else."""

from pathlib import Path

from secretariat.errors import ConflictError

SHARED = ("nfs", "cifs", "smb", "9p", "ceph", "glusterfs", "lustre", "fuse.sshfs", "afs")
MOUNTS = Path("/proc/mounts")


def check_place(path: Path, mounts: str | None = None) -> None:
    """Raises ConflictError for a directory other machines may have, too.

    ``mounts``: what is mounted, as Linux tells it; where nobody tells it nothing is refused.
    """
    if mounts is None:
        mounts = MOUNTS.read_text(encoding="utf-8") if MOUNTS.exists() else ""
    kind = _kind(path.resolve(), mounts)
    if kind.startswith(SHARED):
        raise ConflictError(
            f"{path} lies on a network file system ({kind}), where two machines could write at "
            "once and what is committed could be lost. Use a disk of this machine, or PostgreSQL: "
            "SECRETARIAT_DATABASE_URL=postgresql://user@host/database"
        )


def _kind(path: Path, mounts: str) -> str:
    """The file system of the innermost mount that holds ``path``."""
    found = {}
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        found[Path(place.encode().decode("unicode_escape"))] = kind
    inside = (place for place in found if path.is_relative_to(place))
    return found.get(max(inside, key=lambda place: len(place.parts), default=Path()), "")
