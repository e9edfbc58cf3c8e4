"""Children, as the supervisor sees them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kflab.runs import process


@pytest.mark.parametrize("there", [True, False], ids=["waitid", "no waitid"])
def test_a_child_that_ended_is_seen_before_it_is_reaped(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not there:  # macOS before Python 3.13
        monkeypatch.delattr(os, "waitid")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None and child.stdout is not None
    assert not process.exited(child.pid)
    child.stdin.write(b"\n")
    child.stdin.close()
    child.stdout.read()  # to its end, which comes with the child's
    while not process.exited(child.pid):
        pass
    assert process.reap(child)[0] == 0
