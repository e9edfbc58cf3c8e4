"""Files that are no tables get an error that says where, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kflab.ml.datasets import catalog, load, source
from kflab.ml.errors import DataError
from kflab.ml.inspector import answer
from kflab.ml.profile import profile
from kflab.ml.spec import DatasetSpec, ReadSpec

GOOD = "age,colour,y\n" + "".join(
    f"{i},{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}\n" for i in range(20)
)


def refused(root: Path, uri: str, **spec: object) -> DataError:
    with pytest.raises(DataError) as caught:
        load(DatasetSpec.model_validate({"uri": uri, **spec}), root)
    return caught.value


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n1,2,3\n", "line 3 has 3 values, the first line has 2"),
        (b"a,b,c\n1,2,3\n1,2\n", "line 3 has 2 values"),
        (b"a,b,c\n1,2,3\n1\n", "line 3 has 1 value, the first line has 3"),
        (b"a,b\n1,caf\xe9\n", "line 2 has a byte 0xe9"),
        (b"a,a\n1,2\n", "two columns named 'a'"),
        (b"PK\x03\x04\x00\x00\x00", "not a text file"),
    ],
)
def test_a_bad_csv_says_where(root: Path, content: bytes, says: str) -> None:
    (root / "bad.csv").write_bytes(content)
    error = refused(root, "bad.csv", target="a")
    assert says in error.message
    assert error.field == "dataset.uri"


def test_not_utf8_can_be_read_with_its_encoding(root: Path) -> None:
    (root / "latin.csv").write_bytes(b"name,y\ncaf\xe9,1\nbar,0\n")
    assert "read.encoding" in refused(root, "latin.csv", target="y").message
    table = load(DatasetSpec(uri="latin.csv", target="y", read=ReadSpec(encoding="latin-1")), root)
    assert table.frame["name"].tolist() == ["café", "bar"]
    assert (
        refused(root, "latin.csv", target="y", read={"encoding": "no-such"}).field == "dataset.read.encoding"
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(root: Path, separator: str) -> None:
    (root / "t.csv").write_text(GOOD.replace(",", separator))
    assert list(source("t.csv", root)[0].columns) == ["age", "colour", "y"]


def test_no_parquet_behind_the_name(root: Path) -> None:
    (root / "t.parquet").write_text("hello")
    assert "not a parquet file" in refused(root, "t.parquet", target="y").message


def test_dates_are_found(root: Path) -> None:
    (root / "t.csv").write_text("day,y\n2026-01-02,1\n,0\n2026-02-03 10:00,1\n")
    assert pd.api.types.is_datetime64_any_dtype(source("t.csv", root)[0]["day"])


@pytest.mark.parametrize(
    "uri", ["../secret.csv", "/etc/passwd", "link.csv", "folder/escape.csv", "no.csv", "folder", "\0.csv"]
)
def test_nothing_outside_the_workspace(root: Path, uri: str) -> None:
    outside = root.parent / "secret.csv"
    outside.write_text(GOOD)
    (root / "link.csv").symlink_to(outside)
    (root / "folder").mkdir()
    (root / "folder/escape.csv").symlink_to("../../secret.csv")
    error = refused(root, uri, target="y")
    assert error.field == "dataset.uri"
    assert "age" not in error.message


def test_a_link_within_the_workspace_is_fine(root: Path) -> None:
    (root / "t.csv").write_text(GOOD)
    (root / "also.csv").symlink_to("t.csv")
    assert len(source("also.csv", root)[0]) == 20


def test_a_volume_is_part_of_the_workspace(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volumes = root.parent / "volumes"
    for name in ("photos", "other"):
        (volumes / name).mkdir(parents=True)
        (volumes / name / "t.csv").write_text(GOOD)
        (root / name).symlink_to(volumes / name)
    monkeypatch.setenv("KFLAB_VOLUMES", f"{volumes / 'photos'}:/nowhere")
    assert len(source("photos/t.csv", root)[0]) == 20
    for uri in (
        "other/t.csv",
        "photos/../other/t.csv",
        str(volumes / "photos/t.csv"),
        "../volumes/photos/t.csv",
    ):
        assert "outside the workspace" in refused(root, uri, target="y").message


def test_the_target(root: Path) -> None:
    (root / "t.csv").write_text(GOOD)
    missing = refused(root, "t.csv")
    assert missing.field == "dataset.target" and "age, colour, y" in missing.message
    wrong = refused(root, "t.csv", target="colou")
    assert wrong.field == "dataset.target" and "did you mean 'colour'" in wrong.message
    (root / "gap.csv").write_text("a,y\n1,yes\n2,\n3,no\n")
    gap = refused(root, "gap.csv", target="y")
    assert gap.field == "dataset.target" and "first in row 2" in gap.message
    (root / "one.csv").write_text("a,y\n1,yes\n2,yes\n")
    assert "only one value" in refused(root, "one.csv", target="y").message


def test_the_columns(root: Path) -> None:
    (root / "t.csv").write_text(GOOD)
    assert refused(root, "t.csv", target="y", columns=["age", "agee"]).field == "dataset.columns.1"
    assert "target" in refused(root, "t.csv", target="y", columns=["y"]).message
    (root / "const.csv").write_text("a,b,y\n1,,0\n1,,1\n")
    useless = refused(root, "const.csv", target="y")
    assert useless.field == "dataset.columns" and "No usable column" in useless.message


def test_content_that_changed_is_noticed(root: Path) -> None:
    (root / "t.csv").write_text(GOOD)
    assert refused(root, "t.csv", target="y", sha256="0" * 64).field == "dataset.sha256"


@pytest.mark.parametrize("uri", ["sklearn:nothing", "http://example.org/x.csv", "s3:bucket"])
def test_no_other_sources(root: Path, uri: str) -> None:
    assert refused(root, uri).field == "dataset.uri"


def test_the_same_content_has_the_same_hash(root: Path) -> None:
    (root / "a.csv").write_text(GOOD)
    (root / "b.csv").write_text(GOOD)
    assert source("a.csv", root)[1] == source("b.csv", root)[1]
    assert (
        source("sklearn:wine", root)[1]
        == source("sklearn:wine", root)[1]
        != source("sklearn:digits", root)[1]
    )


def test_the_catalog_lists_what_can_be_chosen_and_no_more(root: Path) -> None:
    (root / "data").mkdir()
    (root / ".hidden").mkdir()
    for name in ("data/t.csv", "p.parquet", ".hidden/no.csv", ".no.csv", "note.md"):
        (root / name).write_text("x")
    (root / "link.csv").symlink_to("/etc/hostname")
    (root / "self.csv").symlink_to("self.csv")
    (root / "round").symlink_to("about")
    (root / "about").symlink_to("round")
    listed = catalog(root)
    assert [d["uri"] for d in listed if d["kind"] == "sklearn"] == [
        "sklearn:breast_cancer",
        "sklearn:digits",
        "sklearn:wine",
        "sklearn:diabetes",
    ]
    assert [d["uri"] for d in listed if d["kind"] == "file"] == ["data/t.csv", "p.parquet"]


def test_a_profile_tells_what_is_there(root: Path) -> None:
    (root / "t.csv").write_text(GOOD.replace("\n5,red", "\n,red"))
    found = profile("t.csv", root)
    assert found["rows"] == 20
    by_name = {c["name"]: c for c in found["columns"]}
    assert (
        by_name["age"]["role"] == "number" and by_name["age"]["missing"] == 1 and by_name["age"]["max"] == 19
    )
    assert by_name["colour"]["role"] == "category" and by_name["colour"]["top"][0]["value"] == "red"
    assert found["suggested"] == {"target": "y", "task": "binary"}
    assert (by_name["colour"]["rarest"], by_name["y"]["rarest"]["count"]) == (
        {"value": "blue", "count": 7},
        10,
    )
    assert found["hidden"] == 0
    assert found["first_rows"][0] == [0, "blue", "no"]


def test_a_profile_leaves_the_test_rows_out(root: Path) -> None:
    (root / "t.csv").write_text(GOOD)
    found = profile("t.csv", root, hidden=frozenset({0, 19}))
    assert (found["rows"], found["hidden"]) == (18, 2)
    assert [row[0] for row in found["first_rows"]][:2] == [1, 2]
    assert next(c for c in found["columns"] if c["name"] == "age")["max"] == 18


def test_cells_that_are_lists_are_left_out_and_said(root: Path) -> None:
    frame = pd.DataFrame(
        {
            "age": range(20),
            "vector": [[n, 1.5] for n in range(20)],
            "image": [b"\xff\x00"] * 20,
            "y": ["a", "b"] * 10,
        }
    )
    frame.to_parquet(root / "t.parquet")
    described = profile("t.parquet", root)
    assert json.dumps(described, allow_nan=False)
    assert [w.split()[0] for w in described["warnings"] if "lists or bytes" in w] == ["vector", "image"]
    assert load(DatasetSpec(uri="t.parquet", target="y"), root).features == ["age"]
    for wrong in ({"target": "vector"}, {"target": "y", "columns": ["age", "vector"]}):
        assert "lists or bytes" in refused(root, "t.parquet", **wrong).message


def test_the_files_of_volumes_are_offered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("photos", "other"):
        (root.parent / name / "a").mkdir(parents=True)
        (root.parent / name / "a/t.csv").write_text(GOOD)
        (root / name).symlink_to(root.parent / name)
    monkeypatch.setenv("KFLAB_VOLUMES", str(root.parent / "photos"))
    assert [offer["uri"] for offer in catalog(root) if offer["kind"] == "file"] == ["photos/a/t.csv"]


def test_what_no_rule_foresees_is_an_answer_too(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (root / "t.csv").write_text(GOOD)
    answered = answer({"ask": "profile", "uri": "t.csv", "read": {"encoding": "a\0b"}}, root)
    assert answered["error"]["field"].startswith("dataset")


def test_a_fault_of_ours_blames_no_dataset(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answered = answer({"ask": "catalog"}, root / "gone")
    assert set(answered) == {"fault"} and "FileNotFoundError" in answered["fault"]
    assert "FileNotFoundError" in capfd.readouterr().err
