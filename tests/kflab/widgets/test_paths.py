"""What a view may ask for: the kflab API, and nothing that could be read as something else."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kflab.widgets.paths import VERBS, Refused, check

BASE = "http://127.0.0.1:8888/user/ada/kflab/api/"


@pytest.mark.parametrize(
    "path",
    [
        "runs",
        "runs?limit=500&no_track_activity=1",
        "runs/01JZZZZZZZZZZZZZZZZZZZZZZZ/stream?since=0",
        "datasets/profile?uri=sklearn%3Awine&run=R",
        "datasets/profile?uri=..%2Fdata%2Fchurn.csv",
        "metadata/artifacts?q=a+b&filter=prop.x+%3D+%22y%22&sort=-created",
        "cluster/pods/web-7d4b9c.1/log?container=main",
    ],
)
def test_what_the_views_ask_for_passes(path: str) -> None:
    for verb in VERBS:
        check(verb, path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/runs",
        "//evil.example/x",
        "http://evil.example/",
        "runs:80",
        "../../api/kernels",
        "runs/../../../api/kernels",
        "runs/..",
        "runs/./x",
        "runs//x",
        "runs/%2e%2e/%2e%2e/api",
        "runs/%2E%2e",
        "runs/%252e%252e/x",
        "runs/..%2f..%2fapi",
        "runs/x%5c..",
        "runs/..;/..;x=1/api",
        "runs/..%3b/x",
        "runs\\..\\x",
        "runs/x#y",
        "runs/%00",
        "runs/x y",
        "runs\n",
        "runs\r\nX: y",
        "rüns",
        "@evil.example/",
        "?x=1",
        "runs?" + "x" * 9000,
    ],
)
def test_what_could_lead_elsewhere_does_not(path: str) -> None:
    with pytest.raises(Refused):
        check("GET", path)


@pytest.mark.parametrize("verb", ["PUT", "HEAD", "OPTIONS", "CONNECT", "get", "GET /x", ""])
def test_other_verbs_do_not_pass(verb: str) -> None:
    with pytest.raises(Refused, match="DELETE, GET, PATCH, POST"):
        check(verb, "runs")


@example("runs?")
@example("0;")
@given(st.text(alphabet="ab.%/\\:?#@2eEfF5c \t", max_size=20) | st.text(max_size=20))
def test_whatever_passes_stays_below_the_api(path: str) -> None:
    try:
        check("GET", path)
    except Refused:
        return
    there = urlsplit(urljoin(BASE, path))
    assert (there.scheme, there.netloc) == ("http", "127.0.0.1:8888")
    assert there.path.startswith("/user/ada/kflab/api/")
    assert BASE + path == urljoin(BASE, path)
