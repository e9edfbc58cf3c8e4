"""Where the store is: what a URL names, and why some places can't hold one."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from kflab.metadata.errors import StoreUnavailable

__all__ = ["MySql", "Sqlite", "file_system", "locate"]

# SQLite's locks do not hold between machines on these: two writers would destroy the file.
NETWORK = frozenset(
    [
        "nfs",
        "nfs3",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "lustre",
        "glusterfs",
        "gfs2",
        "ocfs2",
        "beegfs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.ceph-fuse",
        "fuse.s3fs",
        "fuse.gcsfuse",
        "fuse.blobfuse2",
        "fuse.rclone",
        "fuse.juicefs",
        "davfs",
    ]
)
MOUNTS = Path("/proc/self/mounts")


@dataclass(frozen=True)
class Sqlite:
    """A store in one file on this machine."""

    path: Path

    @property
    def index(self) -> Path:
        return self.path.with_name(self.path.name + ".index")


@dataclass(frozen=True)
class MySql:
    """A store that a team shares; its index is a local file of each server."""

    host: str
    port: int
    database: str
    user: str
    password: str

    @property
    def index(self) -> Path:
        named = f"{self.host}:{self.port}/{self.database}"
        return Path(".kflab") / f"metadata-{hashlib.sha256(named.encode()).hexdigest()[:16]}.index"


def locate(url: str, mounts: str | None = None) -> Sqlite | MySql:
    """What the URL names. Raises StoreUnavailable, with what is allowed, for anything that can't be a store.

    `mounts` stands for the text of /proc/self/mounts in tests.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "sqlite":
        return _sqlite(url, MOUNTS.read_text() if mounts is None and MOUNTS.is_file() else mounts or "")
    if scheme in ("mysql", "mysql+pymysql"):
        return _mysql(url)
    if scheme.startswith("postgres"):
        raise StoreUnavailable(
            "ML Metadata's PostgreSQL backend puts user text into SQL by hand, so it is not used here; "
            "give KFLAB_METADATA_URL a mysql:// or sqlite:/// address."
        )
    raise StoreUnavailable(
        f"KFLAB_METADATA_URL begins with '{scheme[:20]}:'; "
        "use sqlite:///path/to/file or mysql://user:password@host:3306/database."
    )


def _sqlite(url: str, mounts: str) -> Sqlite:
    prefix, _, rest = url.partition("///")
    path = unquote(rest)
    if prefix.lower() != "sqlite:" or not path or "\0" in path or "?" in rest:
        raise StoreUnavailable(
            "A SQLite store is given as sqlite:///relative/path or sqlite:////absolute/path, with no options."
        )
    resolved = Path(path).absolute()
    kind = file_system(resolved, mounts)
    if kind in NETWORK:
        raise StoreUnavailable(
            f"{resolved} lies on a network file system ({kind}), where SQLite's locks do not hold and the store "
            "would be damaged. Put it on a local disk, or use mysql:// for a team."
        )
    return Sqlite(resolved)


def _mysql(url: str) -> MySql:
    try:
        parts = urlsplit(url)
        port = parts.port or 3306
    except ValueError:
        parts, port = urlsplit(""), 0
    database = parts.path.strip("/")
    if not (parts.hostname and parts.username and database) or parts.query:
        raise StoreUnavailable("A MySQL store is given as mysql://user:password@host:3306/database.")
    return MySql(parts.hostname, port, database, unquote(parts.username), unquote(parts.password or ""))


def file_system(path: Path, mounts: str) -> str:
    """The type of the file system that holds `path`, out of the text of /proc/mounts; empty if unknown."""
    real = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # Blanks in a mount point are written as octal escapes.
        point = fields[1].encode().decode("unicode_escape", "replace").rstrip("/")
        if (real + "/").startswith(point + "/") and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind
