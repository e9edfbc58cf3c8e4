"""What the cluster leaves on the host besides processes, and how each of it is taken away again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from .places import BRIDGE, CGROUP, FIXED_FOLDERS, HOST_IP, KUBELET_FOLDER, LOG_LINKS, VOLUMES_LINK, Places

CHAINS = re.compile(r"^(KUBE|CNI)-")
# kubelet, kube-proxy and the bridge change these; `down` puts them back.
SYSCTLS = (
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/route_localnet",
    "net/ipv4/vs/conntrack",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "net/bridge/bridge-nf-call-iptables",
)
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


def run(*command: str | Path, stdin: str | None = None, check: bool = True) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": PATH},
    )
    if check and done.returncode:
        raise RuntimeError(f"`{' '.join(map(str, command))}` failed: {done.stderr.strip()}")
    return done.stdout


# Network -------------------------------------------------------------------------------------------------------------


def bridge_exists() -> bool:
    return Path(f"/sys/class/net/{BRIDGE}").exists()


def make_network(places: Places) -> None:
    """The bridge with the host's address on it, forwarding, and the old values of what is changed."""
    if not bridge_exists():
        run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "replace", f"{HOST_IP}/16", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")
    saved = {name: read_sysctl(name) for name in SYSCTLS if read_sysctl(name) is not None}
    (places.state / "sysctls.json").write_text(json.dumps(saved))
    write_sysctl("net/ipv4/ip_forward", "1")
    write_sysctl("net/bridge/bridge-nf-call-iptables", "1")
    # Docker's default on a host is to drop what it does not forward itself.
    run("iptables", "-N", "KUBE-KFHUB", check=False)
    run("iptables", "-F", "KUBE-KFHUB")
    for flag in ("-i", "-o"):
        run("iptables", "-A", "KUBE-KFHUB", flag, BRIDGE, "-j", "ACCEPT")
    run("iptables", "-I", "FORWARD", "-j", "KUBE-KFHUB")


def read_sysctl(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None


def write_sysctl(name: str, value: str) -> None:
    if read_sysctl(name) not in (None, value):
        with contextlib.suppress(OSError):
            Path("/proc/sys", name).write_text(value)


def restore_sysctls(places: Places) -> None:
    saved = places.state / "sysctls.json"
    if saved.is_file():
        for name, value in json.loads(saved.read_text()).items():
            write_sysctl(name, value)


def without_chains(saved: str) -> str:
    """From the output of iptables-save, the input of iptables-restore that takes Kubernetes' chains away."""
    out: list[str] = []
    for table, body in re.findall(r"^\*(\w+)\n(.*?)^COMMIT", saved, re.M | re.S):
        chains = [c for c in re.findall(r"^:(\S+)", body, re.M) if CHAINS.match(c)]
        rules = [
            f"-D {chain} {rest}"
            for chain, rest in re.findall(r"^-A (\S+) (.*)$", body, re.M)
            if not CHAINS.match(chain) and (jump := re.search(r"-[jg] (\S+)", rest)) and CHAINS.match(jump[1])
        ]
        if chains or rules:
            out += [f"*{table}", *rules, *(f"-F {c}" for c in chains), *(f"-X {c}" for c in chains), "COMMIT"]
    return "".join(f"{line}\n" for line in out)


def _tables() -> list[str]:
    return [t for t in ("iptables", "ip6tables") if shutil.which(f"{t}-save", path=PATH)]


def chains() -> list[str]:
    """Kubernetes' chains that the host has now, by table program."""
    return [
        f"{tables} {chain}"
        for tables in _tables()
        for chain in re.findall(r"^:(\S+)", run(f"{tables}-save", check=False), re.M)
        if CHAINS.match(chain)
    ]


def remove_network() -> None:
    if bridge_exists():
        run("ip", "link", "delete", BRIDGE, check=False)
    for tables in _tables():
        undo = without_chains(run(f"{tables}-save", check=False))
        if undo:
            run(f"{tables}-restore", "--noflush", stdin=undo)


# Mounts and links ----------------------------------------------------------------------------------------------------


def unescape(text: str) -> str:
    """A path of /proc/self/mountinfo, which writes spaces and the like in octal."""
    return re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), text)


def mounts_under(folders: tuple[Path, ...], mountinfo: str) -> list[Path]:
    """Mount points in or below the folders, the deepest and latest first."""
    points = [Path(unescape(line.split(" ")[4])) for line in mountinfo.splitlines()]
    return [p for p in reversed(points) if any(p.is_relative_to(f) for f in folders)]


def mounts(places: Places) -> list[Path]:
    return mounts_under((places.state, places.store), Path("/proc/self/mountinfo").read_text())


def unmount_all(places: Places) -> None:
    for point in mounts(places):
        run("umount", "-l", point, check=False)


def make_links(places: Places) -> None:
    """Point the folders whose place is fixed in Kubernetes into the state folder."""
    for link, target in ((VOLUMES_LINK, places.volumes), (KUBELET_FOLDER, places.state / "kubelet-fixed")):
        target.mkdir(parents=True, exist_ok=True)
        target.chmod(0o755)
        if link.is_symlink():
            link.unlink()
        link.symlink_to(target)


def remove_links(places: Places) -> None:
    for link in (VOLUMES_LINK, KUBELET_FOLDER, *(LOG_LINKS.glob("*") if LOG_LINKS.is_dir() else ())):
        if link.is_symlink() and link.readlink().is_relative_to(places.state):
            link.unlink()


def note_folders(places: Places) -> None:
    """Write down which folders whose place is fixed are not there yet, and so will be the cluster's alone."""
    (places.state / "folders.json").write_text(json.dumps([str(f) for f in FIXED_FOLDERS if not f.exists()]))


def remove_folders(places: Places) -> None:
    noted = places.state / "folders.json"
    for folder in json.loads(noted.read_text()) if noted.is_file() else []:
        shutil.rmtree(folder, ignore_errors=True)


# Containers ----------------------------------------------------------------------------------------------------------


def _cgroup_roots(parent: Path = Path("/sys/fs/cgroup")) -> list[Path]:
    """The folders in which a cgroup of the top level is made: one for version 2, one for each controller of 1."""
    if (parent / "cgroup.controllers").is_file():
        return [parent]
    return [
        p for p in parent.iterdir() if p.is_dir() and not p.is_symlink() and (p / "cgroup.procs").is_file()
    ]


def make_cgroups() -> None:
    for root in _cgroup_roots():
        (root / CGROUP).mkdir(exist_ok=True)
        control = root / "cgroup.subtree_control"
        if control.is_file():
            for controller in (root / "cgroup.controllers").read_text().split():
                with contextlib.suppress(OSError):
                    control.write_text(f"+{controller}")


def contained() -> set[int]:
    """The processes in the cluster's containers."""
    pids: set[int] = set()
    for root in _cgroup_roots():
        for file in (root / CGROUP).rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                pids.update(map(int, file.read_text().split()))
    return pids


def shims(places: Places) -> set[int]:
    """containerd's shims for this cluster: they live on when containerd ends."""
    found = set()
    wanted = ["-address", str(places.socket)]
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if "containerd-shim" in arguments[0] and any(
                arguments[i : i + 2] == wanted for i in range(len(arguments))
            ):
                found.add(int(folder.name))
    return found


def kill_containers(places: Places) -> None:
    """End each shim and container, by handles, so that a pid that is used anew can't be hit."""
    _kill(lambda: shims(places))
    _kill(contained)


def _kill(find: Callable[[], set[int]]) -> None:
    handles: dict[int, int] = {}
    for pid in find():
        with contextlib.suppress(ProcessLookupError):
            handles[pid] = os.pidfd_open(pid)
    still = find()
    for pid, handle in handles.items():
        if pid in still:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], 5)
        os.close(handle)


def remove_cgroups() -> None:
    for root in _cgroup_roots():
        top = root / CGROUP
        if top.is_dir():
            for folder in sorted((p for p in top.rglob("*") if p.is_dir()), reverse=True):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            with contextlib.suppress(OSError):
                top.rmdir()


def cgroups() -> list[Path]:
    return [root / CGROUP for root in _cgroup_roots() if (root / CGROUP).is_dir()]
