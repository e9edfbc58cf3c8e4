"""Bring the one-node cluster up and take it down."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import shutil
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from . import busybox, configs, host, processes
from .places import (
    API_PORT,
    HOST_IP,
    KUBELET_FOLDER,
    NODE,
    SERVICE_IP,
    VOLUMES_LINK,
    Places,
)

Say = Callable[[str], None]


class ClusterError(Exception):
    """The cluster did not start; the message says which part failed and what it logged last."""


def unfit() -> str:
    """Why this machine can't run the cluster at all, or ""."""
    if platform.system() != "Linux":
        return "the test cluster needs Linux"
    if os.geteuid() != 0:
        return "the test cluster needs root (or name a cluster of your own with KFHUB_TEST_KUBECONFIG)"
    return ""


def conflicts(places: Places) -> str:
    """What of another Kubernetes stands in the way, once ours has been taken down."""
    if chains := host.chains():
        return f"another Kubernetes seems to run here: {chains[0]} is not ours"
    for path in (KUBELET_FOLDER, VOLUMES_LINK):
        if path.exists() and not path.is_symlink():
            return f"another Kubernetes seems to have run here: {path} exists"
    return ""


@contextlib.contextmanager
def locked(places: Places) -> Iterator[None]:
    """One at a time: there is one bridge and one set of addresses."""
    places.cache.mkdir(parents=True, exist_ok=True)
    with (places.cache / "cluster.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def running(places: Places) -> bool:
    """Whether every part that was started lives, and the API server says that it is ready."""
    known = {record.name: record for record in processes.recorded(places.records)}
    parts = configs.commands(places, False)
    return all(name in known and processes.alive(known[name]) for name in parts) and _ready(places)


def kubectl(places: Places, *arguments: str, stdin: str | None = None) -> str:
    command = [str(places.bin / "kubectl"), "--kubeconfig", str(places.kubeconfig), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise ClusterError(f"`kubectl {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout


def up(places: Places, say: Say, owner: processes.Record | None = None) -> bool:
    """Start the cluster unless it runs; False if it did. Binaries and packages must be there.

    With an owner the cluster is that process's: once it is gone, what it left running is replaced and not used.
    """
    with locked(places):
        if running(places) and not _abandoned(places):
            return False
        _down(places)
        if reason := conflicts(places):
            raise ClusterError(reason)
        say("starting Kubernetes …")
        try:
            _up(places, owner)
        except BaseException:
            _down(places, keep_logs=True)
            raise
        return True


def down(places: Places) -> None:
    with locked(places):
        _down(places)


def _abandoned(places: Places) -> bool:
    owners = processes.recorded(places.state / "owner")
    return any(not processes.alive(owner) for owner in owners)


def _own(places: Places, owner: processes.Record) -> None:
    folder = places.state / "owner"
    folder.mkdir()
    stat = Path(f"/proc/{owner.pid}/stat").read_text().strip()
    (folder / owner.name).write_text(f"{stat}\n{owner.boot}\n")


def _up(places: Places, owner: processes.Record | None) -> None:
    state = places.state
    state.mkdir(parents=True)
    if owner:
        _own(places, owner)
    for folder in (places.store, places.volumes, state / "cni", state / "etcd"):
        folder.mkdir(parents=True, exist_ok=True)
    (state / "etcd").chmod(0o700)
    archive = busybox.make(places)
    _write_files(places)
    host.note_folders(places)
    host.make_network(places)
    host.make_links(places)
    host.make_cgroups()
    masquerade_all = host.read_sysctl("net/bridge/bridge-nf-call-iptables") != "1"
    commands = configs.commands(places, masquerade_all)

    def start(name: str) -> None:
        env = {"PATH": host.PATH, "KFHUB_VOLUMES": str(places.volumes)}
        processes.start(places.records, places.logs, name, commands[name], env)

    start("etcd")
    start("containerd")
    start("kube-apiserver")
    _until(places, "containerd", places.socket.exists)
    clear_containers(places)
    ctr(places, "images", "import", str(archive))
    _until(places, "kube-apiserver", lambda: _ready(places))
    for name in ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns"):
        start(name)
    kubectl(places, "apply", "-f", "-", stdin=configs.STORAGE_CLASS)
    kubectl(places, "wait", "--for=create", f"node/{NODE}", "--timeout=60s")
    kubectl(places, "wait", "--for=condition=Ready", f"node/{NODE}", "--timeout=60s")
    _until(places, "coredns", lambda: _answers(f"http://{HOST_IP}:8181/ready"))


@contextlib.contextmanager
def without_apiserver(places: Places) -> Iterator[None]:
    """Nothing answers at its address while this lasts; pods run on. Nobody takes the cluster for broken meanwhile."""
    with locked(places):
        processes.stop(r for r in processes.recorded(places.records) if r.name == "kube-apiserver")
        try:
            yield
        finally:
            command = configs.commands(places, False)["kube-apiserver"]
            processes.start(places.records, places.logs, "kube-apiserver", command)
            _until(places, "kube-apiserver", lambda: _ready(places))


def clear_containers(places: Places) -> None:
    """Forget containers of an earlier cluster that the kept store still knows of."""
    names = ctr(places, "containers", "list", "-q").split()
    if names:
        ctr(places, "containers", "rm", *names)


def ctr(places: Places, *arguments: str) -> str:
    return host.run("ctr", "--address", places.socket, "--namespace", "k8s.io", *arguments)


def _write_files(places: Places) -> None:
    from . import (
        certs,
    )  # the only part that needs more than the standard library, and `down` does not need it

    state = places.state
    ca = certs.authority()
    ca.write(state / "certs", "ca")
    names = ("127.0.0.1", SERVICE_IP, HOST_IP, "localhost", "kubernetes", "kubernetes.default")
    certs.issue(ca, "kube-apiserver", addresses=(*names, "kubernetes.default.svc")).write(
        state / "certs", "apiserver"
    )
    certs.issue(ca, "accounts").write(state / "certs", "accounts")
    admin = certs.issue(ca, "admin", "system:masters")
    admin.write(state / "certs", "admin")
    clients = {
        "kubeconfig": admin,
        "controller-manager.kubeconfig": certs.issue(ca, "system:kube-controller-manager"),
        "scheduler.kubeconfig": certs.issue(ca, "system:kube-scheduler"),
        "proxy.kubeconfig": certs.issue(ca, "system:kube-proxy"),
        "kubelet.kubeconfig": certs.issue(ca, f"system:node:{NODE}", "system:nodes"),
    }
    for name, client in clients.items():
        (state / name).touch(0o600)
        (state / name).write_text(certs.kubeconfig(configs.SERVER, ca.certificate, client))
    resolv = Path("/etc/resolv.conf")
    upstream = resolv.is_file() and configs.has_nameserver(resolv.read_text())
    texts = {
        "containerd.toml": configs.containerd(places),
        "cni/10-kfhub.conflist": configs.cni(places),
        "kubelet.json": configs.kubelet(places),
        "audit.yaml": configs.AUDIT_POLICY,
        "Corefile": configs.corefile(places, upstream),
    }
    for name, text in texts.items():
        (state / name).write_text(text)


def _down(places: Places, keep_logs: bool = False) -> None:
    """Take away all that a cluster of this folder has left, in whatever state it is."""
    known = processes.recorded(places.records)
    ordered = [name for group in configs.STOP_ORDER for name in group]
    processes.stop([r for r in known if r.name not in ordered])
    for group in configs.STOP_ORDER:
        if "containerd" in group:
            host.kill_containers(places)
        # The API server would wait for every watcher to leave; its data is going anyway.
        processes.stop([r for r in known if r.name in group], 3 if "kube-apiserver" in group else 20)
    host.kill_containers(places)
    host.unmount_all(places)
    host.remove_network()
    host.remove_cgroups()
    host.remove_links(places)
    host.remove_folders(places)
    host.restore_sysctls(places)
    if keep_logs and places.logs.is_dir():
        kept = places.cache / "failed-logs"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(places.logs, kept)
    if places.state.is_dir():
        if left := host.mounts(places):
            raise ClusterError(f"still mounted, so nothing was deleted: {', '.join(map(str, left))}")
        shutil.rmtree(places.state)


def remains(places: Places) -> list[str]:
    """All that a cluster of this folder has on the host now; empty after `down`."""
    return [
        *(f"process {r.name} {r.pid}" for r in processes.recorded(places.records) if processes.alive(r)),
        *(f"shim {pid}" for pid in sorted(host.shims(places))),
        *(f"contained process {pid}" for pid in sorted(host.contained())),
        *(f"mount {point}" for point in host.mounts(places)),
        *(["the bridge"] if host.bridge_exists() else []),
        *(f"chain {chain}" for chain in host.chains()),
        *(f"cgroup {folder}" for folder in host.cgroups()),
        *(f"link {p}" for p in (VOLUMES_LINK, KUBELET_FOLDER) if p.is_symlink()),
        *([f"folder {places.state}"] if places.state.exists() else []),
    ]


def _until(places: Places, name: str, holds: Callable[[], bool], patience: float = 60) -> None:
    """Wait until a part does what is asked; an error with its last lines when it ends or takes too long."""
    end = time.monotonic() + patience
    while not holds():
        record = next((r for r in processes.recorded(places.records) if r.name == name), None)
        gone = record is not None and not processes.alive(record)
        if gone or time.monotonic() > end:
            log = (places.logs / f"{name}.log").read_text(errors="replace").splitlines()[-15:]
            raise ClusterError(f"{name} {'ended' if gone else 'is not ready'}; it logged:\n" + "\n".join(log))
        time.sleep(0.1)


def _answers(url: str, context: ssl.SSLContext | None = None) -> bool:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _ready(places: Places) -> bool:
    folder = places.state / "certs"
    if not (folder / "admin.key").is_file():
        return False
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "admin.crt", folder / "admin.key")
    return _answers(f"https://{HOST_IP}:{API_PORT}/readyz", context)
