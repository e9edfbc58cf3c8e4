"""LocalSpawner: notebooks as processes of this machine, all under the account that runs the hub."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyterhub.spawner import Spawner
from jupyterhub.utils import random_port
from traitlets import Integer, Unicode

from . import form, guard, limits
from .doors import Doors
from .errors import FieldError
from .folders import Folders
from .names import slug
from .notebook import NotebookSpec, Volume
from .static_files import script_url
from .volumes import MODES, default_mount

__all__ = ["SHARED_ACCOUNT", "LocalSpawner"]

SHARED_ACCOUNT = (
    "All accounts of this hub share one account of the operating system: they can read each other's files and"
    " control the hub."
)
_ONE_MACHINE = "notebooks of this hub run on one machine, not in a cluster"
_UNAVAILABLE = {
    "gpu": f"GPUs are handed out by a cluster; {_ONE_MACHINE}. A program can still use a GPU of this machine.",
    "configurations": f"They change pods; {_ONE_MACHINE}.",
    "affinity": f"There is one machine only: {_ONE_MACHINE}.",
    "tolerations": f"There is one machine only: {_ONE_MACHINE}.",
    "shm": "The processes of one machine share memory without it.",
    "secrets": f"They belong to a cluster; {_ONE_MACHINE}.",
    "workspace.mount": "The workspace is the notebook's home folder.",
    **{
        f"{volume}.{key}": why
        for volume in ("workspace", "dataVolumes")
        for key, why in (
            ("storageClass", "A volume is a folder on this machine."),
            ("mode", "A folder can be read and written by all notebooks."),
        )
    },
}
# Of these a request that asks for more than the policy's own value is refused: it would not get it.
_REFUSED = ("gpu", "configurations", "affinity", "tolerations", "secrets")
_OF_VOLUMES = (("mode", "mode"), ("storageClass", "storage_class"), ("mount", "mount"))
# What a notebook has from this hub; a request that sets it would not be heard.
_SET_HERE = ("HOME", "PATH", "SHELL", "USER")
_KEEP = (
    *("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV"),
    *("CONDA_ROOT", "CONDA_DEFAULT_ENV", "JUPYTERHUB_SINGLEUSER_APP", "SSL_CERT_FILE"),
    *("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),  # where systemd-run finds its user's systemd
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
_LARGEST_LOG = 10 * 2**20  # bytes; a larger one is put aside at the next start
_LOG_END = 64 * 2**10  # bytes of it that are looked at
_PATIENCE = 2 * guard.GRACE + 5  # seconds until the guard itself is taken for hung


class NotStarted(Exception):
    """The server's process ended before it answered; JupyterHub shows `jupyterhub_message`."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.jupyterhub_message = message


class LocalSpawner(Doors, Spawner):  # type: ignore[misc]
    """Volumes become folders below `data`, images the environment that the hub runs in.

    A notebook is a child of a guard (see `guard`), which ends it with the hub, and when it takes too much
    memory. Its output goes to `<data>/logs/<user>/<notebook>.log`; beside a log that grew large, one older stays.
    """

    data = Unicode(help="The folder for volumes and logs.").tag(config=True)
    umask = Integer(-1, help="The umask of notebooks; -1: that of the hub.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stopped_because = ""  # why the last server ended by itself; shown until the next start
        self._process: subprocess.Popen[bytes] | None = None
        self._steps: list[str] = []
        self._step = asyncio.Event()
        self.load_state(self.orm_spawner.state or {})

    # --- requests -------------------------------------------------------------------------------------

    def find_faults(self, spec: NotebookSpec) -> list[FieldError]:
        usual = self.policy.resolve({}, self.owner, notebook=self.notebook)
        found = [
            _unavailable(key, key)
            for key in _REFUSED
            if getattr(spec, key) != getattr(usual, key) and not _nothing(getattr(spec, key))
        ]
        found += _volume_faults("workspace", "workspace", spec.workspace, usual.workspace)
        for index, volume in enumerate(spec.data_volumes):
            mine = next((v for v in usual.data_volumes if v.name == volume.name), Volume("new"))
            found += _volume_faults(f"dataVolumes.{index}", "dataVolumes", volume, mine)
        taken = [name for name in _SET_HERE if name in spec.environment and name not in usual.environment]
        if taken:
            message = f"Set by this hub: {', '.join(taken)}. Leave them out, or choose other names."
            found.append(FieldError(field="environment", message=message))
        return [*found, *self._folders.faults(spec, self.user.name)]

    def form_view(self, notebook: str) -> form.FormView:
        kept = "enforced" if limits.scopes_work() else "advisory"
        version = "{}.{}".format(*sys.version_info)
        return form.FormView(
            notebook=notebook,
            spawn_url=self.spawn_url,
            running=self.running,
            volumes=self._folders.volumes(self.policy.namespaces(self.owner)),
            unavailable=_UNAVAILABLE,
            hints={
                "image": f"Here every image stands for the one environment of this hub, with Python {version}.",
                "workspace": "Here a volume is a folder on this machine; its size is not limited.",
                "dataVolumes": "Here each is a folder, linked into the workspace under the last part of its mount.",
                "memory": ""
                if kept == "enforced"
                else "Nothing holds it to that, but a notebook that is seen to use more is stopped.",
                "cpu": ""
                if kept == "enforced"
                else "The notebook runs on that many cores, shared with others.",
            },
            marks={"cpu": kept, "memory": kept},
            notice=SHARED_ACCOUNT,
            notices=(self.stopped_because,) if self.stopped_because else (),
            script_url=script_url(self.hub.base_url),
        )

    # --- the server -----------------------------------------------------------------------------------

    async def start(self) -> tuple[str, int]:
        """Starts the server of `notebook_spec`. Raises NotStarted, with a sentence for its user."""
        spec = self.notebook_spec
        if spec is None:
            raise RuntimeError("There is no request to start.")
        self.stopped_because = ""
        self._steps.clear()
        self.ip, self.port = "127.0.0.1", random_port()
        try:
            # in a thread: folders may be large, or on a slow disk, and the hub goes on
            home = await asyncio.to_thread(self._prepare, self._folders, spec, self.user.name, self._log_path)
            self.notebook_dir = str(home)
            self._tell(f"Workspace folder {home.name} is ready.")
            self._process = self._launch(spec, home)
        except OSError as error:
            raise NotStarted(_no_room(error, self.data)) from error
        self._tell("JupyterLab is starting.")
        await self._wait_for_port(self._process)
        self._tell("JupyterLab answers.")
        return self.ip, self.port

    @staticmethod
    def _prepare(folders: Folders, spec: NotebookSpec, owner: str, log: Path) -> Path:
        home = folders.prepare(spec, owner)
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.is_file() and log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".old.log"))
        return home

    def _launch(self, spec: NotebookSpec, home: Path) -> subprocess.Popen[bytes]:
        self._note.unlink(missing_ok=True)
        with self._log_path.open("ab") as log:
            return subprocess.Popen(
                self._command(spec),
                cwd=home,
                env=self.get_env(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                umask=self.umask,
                start_new_session=True,  # Ctrl-C is for the hub, which then ends its notebooks in order
            )

    async def _wait_for_port(self, process: subprocess.Popen[bytes]) -> None:
        """Until the server takes connections. Raises NotStarted as soon as its process has ended instead."""
        while process.poll() is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(self.ip, self.port)
                writer.close()
                return
            await asyncio.sleep(0.05)
        raise NotStarted(self._why_ended(process.wait()))

    def _why_ended(self, status: int) -> str:
        if self._note.is_file():
            return self._note.read_text()
        with self._log_path.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _LOG_END))
            end = log.read().decode(errors="replace")
        lines = " / ".join(end.splitlines()[-3:])
        return (
            f"The notebook's process ended before it answered (exit status {status}). Its log ends with:"
            f" {lines[-600:]} — all of it is in {self._log_path}."
        )

    async def poll(self) -> int | None:
        if self._process is None:
            return 0
        status = self._process.poll()
        if status is not None and self._note.is_file():
            self.stopped_because = self._note.read_text()
        return status

    async def stop(self, now: bool = False) -> None:
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE
        while process.poll() is None:
            if loop.time() > deadline:
                process.kill()
            await asyncio.sleep(0.05)

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        shown = 0
        while True:
            for step in self._steps[shown:]:
                shown += 1
                yield {"progress": min(90, 30 * shown), "message": step}
            self._step.clear()
            await self._step.wait()

    def get_env(self) -> dict[str, str]:
        """The notebook's environment: nothing of the hub's own, as `env_keep` lists what passes."""
        env: dict[str, str] = super().get_env()
        spec = self.notebook_spec
        if spec is not None:
            env |= {**limits.thread_variables(spec), **spec.environment}
        home = self.notebook_dir or str(Path.home())
        # a terminal finds the environment that the hub runs in, even where nobody activated it
        path = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), env.get("PATH")]))
        return env | {
            "PATH": path,
            "HOME": home,
            "USER": self.user.name,
            "SHELL": os.environ.get("SHELL", "/bin/sh"),
            "KFLAB_NAMESPACE": spec.namespace if spec else "",
            "KFLAB_VOLUMES": os.pathsep.join(str(folder) for folder in self._folders.data(spec))
            if spec
            else "",
        }

    def get_state(self) -> dict[str, Any]:
        # No process id: notebooks end with their hub, and the number may be another's by then.
        state: dict[str, Any] = super().get_state()
        return state | ({"stopped_because": self.stopped_because} if self.stopped_because else {})

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.stopped_because = str(state.get("stopped_because", ""))

    def _env_keep_default(self) -> list[str]:
        return list(_KEEP)

    def _command(self, spec: NotebookSpec) -> list[str]:
        server = [*self.cmd, *self.get_args()]
        watch = (
            ["--memory", str(spec.memory_limit.amount), "--note", str(self._note)]
            if spec.memory_limit
            else []
        )
        if limits.scopes_work():
            server = limits.scope(spec.cpu_limit, spec.memory_limit) + server
        cpus = ",".join(map(str, limits.affinity(spec)))
        return [*guard_command(), *watch, *(["--cpus", cpus] if cpus else []), "--", *server]

    def _tell(self, step: str) -> None:
        self._steps.append(step)
        self._step.set()

    @property
    def _folders(self) -> Folders:
        return Folders(Path(self.data).resolve())

    @property
    def _log_path(self) -> Path:
        return Path(self.data).resolve() / "logs" / slug(self.user.name) / f"{slug(self.notebook)}.log"

    @property
    def _note(self) -> Path:
        return self._log_path.with_suffix(".stopped")


def guard_command() -> list[str]:
    """What to put before a command (after more options and `--`) so that it ends with this process."""
    return [sys.executable, "-P", guard.__file__, "--parent", str(os.getpid())]


def _no_room(error: OSError, data: str) -> str:
    where = error.filename or data
    return (
        f"The notebook's folders can't be made: {error.strerror or error} ({where}). Whoever runs this hub can"
        " make room or correct the permissions there; then start the notebook again."
    )


def _unavailable(field: str, key: str) -> FieldError:
    last = field.rsplit(".", 1)[-1]
    return FieldError(field=field, message=f"Not available here: {_UNAVAILABLE[key]} Leave {last} out.")


def _volume_faults(field: str, general: str, volume: Volume, usual: Volume) -> list[FieldError]:
    """What a request asks of a volume beyond the policy's own value, and a folder can't give."""
    return [
        _unavailable(f"{field}.{key}", f"{general}.{key}")
        for key, attribute in _OF_VOLUMES
        if f"{general}.{key}" in _UNAVAILABLE
        and (asked := getattr(volume, attribute))
        and asked not in (getattr(usual, attribute), MODES[0], default_mount(volume.name))
    ]


def _nothing(value: object) -> bool:
    """Whether a request asks for none of something."""
    return not value or value == "none" or getattr(value, "count", None) == 0
