"""Limits of CPU and memory on one machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kfspawner import NotebookSpec, Owner, Policy, limits, quantity

Spec = Callable[..., NotebookSpec]


@pytest.fixture
def spec(policy: Policy, alice: Owner) -> Spec:
    return lambda **options: policy.resolve(options, alice)


@pytest.fixture
def untried() -> Iterator[None]:
    limits.scopes_work.cache_clear()
    yield
    limits.scopes_work.cache_clear()


@pytest.mark.parametrize(("cpu", "cores"), [("0.1", 1), ("0.5", 1), ("1", 2), ("2", 3)])
def test_cores_are_those_of_the_limit(spec: Spec, cpu: str, cores: int) -> None:
    assert limits.cores(spec(cpu=cpu)) == cores  # the policy's factor is 1.2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system has no CPU affinity")
def test_affinity_is_part_of_what_this_process_has(spec: Spec) -> None:
    there = os.sched_getaffinity(0)
    for cpu in ("0.5", "4"):
        chosen = limits.affinity(spec(cpu=cpu))
        assert set(chosen) <= there
        assert len(chosen) == min(limits.cores(spec(cpu=cpu)), len(there))


def test_thread_pools_have_as_many_threads_as_cores(spec: Spec) -> None:
    variables = limits.thread_variables(spec(cpu="0.5"))
    assert variables["OMP_NUM_THREADS"] == variables["LOKY_MAX_CPU_COUNT"] == "1"


def test_scope_holds_what_is_limited() -> None:
    command = limits.scope(quantity.cpu("1.5"), quantity.size("1Gi"))
    assert command[:3] == ["systemd-run", "--user", "--scope"] and command[-1] == "--"
    assert {"CPUQuota=150%", "MemoryMax=1073741824", "MemorySwapMax=0"} <= set(command)
    assert not [word for word in limits.scope(quantity.cpu("1"), None) if "Memory" in word]
    assert limits.scope(None, None) == []


@pytest.mark.parametrize(("status", "works"), [(0, True), (1, False)])
def test_scopes_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untried: None, status: int, works: bool
) -> None:
    program = tmp_path / "systemd-run"
    program.write_text(f"#!/bin/sh\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert limits.scopes_work() is works


def test_no_systemd_no_scopes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untried: None) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert limits.scopes_work() is False
