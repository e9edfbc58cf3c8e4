"""Where a store may be, and the sentence for where it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp

from kflab.metadata.errors import StoreUnavailable
from kflab.metadata.location import MySql, Sqlite, file_system, locate
from kflab.metadata.mlmd import connect
from kflab.server.app import KFLabApp

MOUNTS = """/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local\\040disk ext4 rw 0 0
tmpfs /homework tmpfs rw 0 0
"""


def test_a_file(tmp_path: Path) -> None:
    place = locate(f"sqlite:///{tmp_path}/a%20b.sqlite")
    assert place == Sqlite(tmp_path / "a b.sqlite")
    assert place.index == tmp_path / "a b.sqlite.index"


@pytest.mark.parametrize("name", ["100%20done", "what?", "a#b", "ä b"])
def test_the_default_is_in_the_workspace_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("KFLAB_METADATA_URL", raising=False)
    root = tmp_path / name
    root.mkdir()
    app = KFLabApp(serverapp=ServerApp(root_dir=str(root)))
    place = locate(app.metadata_url)
    assert place == Sqlite(root.resolve() / ".kflab/metadata.db")
    connect(place)
    assert (root / ".kflab/metadata.db").stat().st_size


def test_a_database() -> None:
    place = locate("mysql://ann:p%40ss@db.example:3307/team")
    assert place == MySql("db.example", 3307, "team", "ann", "p@ss")
    assert "p@ss" not in str(place.index)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/m.sqlite", "nfs4"),
        ("/home/local disk/m", "ext4"),
        ("/homework/m", "tmpfs"),
        ("/srv/m", "ext4"),
    ],
)
def test_the_nearest_mount_counts(path: str, kind: str) -> None:
    assert file_system(Path(path), MOUNTS) == kind


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////home/m.sqlite", r"network file system \(nfs4\).*local disk.*mysql"),
        ("postgresql://u:p@h/d", "PostgreSQL.*mysql://"),
        ("postgres://u:p@h/d", "PostgreSQL"),
        ("oracle://x", "sqlite:///path"),
        ("", "sqlite:///path"),
        ("sqlite://", "sqlite:///relative"),
        ("sqlite:///m?mode=memory", "no options"),
        ("mysql://h/d", "mysql://user"),
        ("mysql://u@h:port/d", "mysql://user"),
    ],
)
def test_elsewhere_is_refused_with_what_is_allowed(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailable, match=said):
        locate(url, MOUNTS)
