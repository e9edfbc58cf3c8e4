"""A panel as a widget in a notebook cell: its traits, its output, and the way between its views and the kernel."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Mapping
from typing import Any

import anywidget
from ipykernel.kernelbase import Kernel
from IPython.core.getipython import get_ipython
from IPython.display import display
from traitlets import Any as AnyTrait
from traitlets import Dict, List, Unicode

from kflab.sdk.connection import ApiError, Unreachable, find
from kflab.widgets.bridge import Bridge
from kflab.widgets.cells import cells
from kflab.widgets.code import code
from kflab.widgets.paths import check
from kflab.widgets.picture import take
from kflab.widgets.runlogs import Logs
from kflab.widgets.still import Picture, html, text

__all__ = ["MARK", "Panel"]

_log = logging.getLogger("kflab")
# Marks the output for kfhub's own extension of Lab and Notebook, which shows the still part where there is no kernel.
MARK = "application/vnd.kfhub.widget+json"
_VIEW = "application/vnd.jupyter.widget-view+json"
# How long a cell waits for the first picture.
_PATIENCE = 3.0
# After what a person did the picture follows soon, after what goes on by itself from time to time. Seconds.
_SOON = 1.0
_LATER = 10.0


class Panel(anywidget.AnyWidget):  # type: ignore[misc]
    """One of kfhub's panels in a cell, never wider than the cell and at most 600 px high.

    `state` is what the panel shows now (its tab, filter, draft …), as JSON; a panel made with it begins there.
    Where nobody looks on, as with nbclient and papermill, the output is a still table of the last state.
    """

    view = Unicode().tag(sync=True)
    args = Dict().tag(sync=True)
    state = AnyTrait(None, allow_none=True).tag(sync=True)
    pages = List(help="The views that were opened from this one, the shown one last.").tag(sync=True)
    picture = Dict().tag(sync=True)
    _code = Unicode().tag(sync=True)

    def __init__(
        self, view: str, args: Mapping[str, str] | None = None, state: Mapping[str, Any] | None = None
    ) -> None:
        built = code()
        self._esm = built.loader
        self._watched = _watched()
        self._sending = threading.Lock()
        self._bridge = Bridge(self._tell, self._touch)
        self._renewing = threading.Lock()
        self._taking = threading.Lock()
        self._logs = Logs()
        self._due: threading.Timer | None = None
        self._output_id = f"kflab-{uuid.uuid4().hex}"
        self._displayed = False
        self._final = False
        self._heeding = threading.Lock()
        self._heeds = False
        cells()
        super().__init__(
            view=view, args=dict(args or {}), state=dict(state) if state else None, _code=built.hash
        )
        self.on_msg(lambda _, content, __: self._bridge.hear(content))
        self.observe(lambda _: self._touch(True), ["state", "pages"])

    def open(self) -> None:
        """Make the model known to the pages. Where nobody looks on there is none, and no trace in the notebook."""
        if not self._watched:
            return
        super().open()
        # Some ipykernels send what a page says to the loop that last sent something to it, which may be the one that
        # runs a cell. Nobody waits for a panel there, and it answers meanwhile: what is sent to a subshell stays there.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _, addressed: addressed

    def close(self) -> None:
        """Take the panel out of all pages and stop what it does."""
        self._bridge.close()
        self._displayed = False
        self._heed_cells()
        super().close()

    def __repr__(self) -> str:
        return f"kflab.widgets.{type(self).__name__}({', '.join(map(repr, self.args.values()))})"

    # What a cell shows.

    def _ipython_display_(self, **_: Any) -> None:
        first = threading.Thread(target=self._renew, daemon=True)
        first.start()
        first.join(_PATIENCE)
        display(self._bundle(), raw=True, display_id=self._output_id)
        self._displayed = True
        self._heed_cells()

    def _heed_cells(self) -> None:
        """With no page to say that something has changed, the end of a cell is the time to look.

        Each such look keeps the next cell waiting, so there is none for what is final or closed.
        """
        shell = get_ipython()
        if self._watched or shell is None:
            return
        with self._heeding:
            heeds = self._displayed and not self._final
            if heeds != self._heeds:
                change = shell.events.register if heeds else shell.events.unregister
                change("post_run_cell", self._renew)
            self._heeds = heeds

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle(), {}

    def _bundle(self) -> dict[str, Any]:
        given = self.picture or Picture(self.view.capitalize(), "Nothing is shown yet.").wire()
        rows = tuple(tuple(row) for row in given["rows"])
        picture = Picture(**{**given, "columns": tuple(given["columns"]), "rows": rows})
        still = {"text/plain": text(picture), "text/html": html(picture)}
        if self.comm is None:
            return still
        view = {"version_major": 2, "version_minor": 1, "model_id": self.model_id}
        return {**still, _VIEW: view, MARK: {"version": 1}}

    # What the views say and hear.

    def _tell(self, message: dict[str, Any], buffers: list[bytes]) -> None:
        with self._sending:
            self.send(message, buffers)

    # The picture.

    def _touch(self, soon: bool) -> None:
        """Renew the picture in a while; what happens meanwhile is in it."""
        wait = _SOON if soon else _LATER
        with self._renewing:
            if self._due is not None and self._due.is_alive():
                if self._due.interval <= wait:
                    return
                self._due.cancel()
            self._due = threading.Timer(wait, self._renew)
            self._due.daemon = True
            self._due.start()

    def _renew(self, *_: Any) -> None:
        """Take the picture anew, and renew the outputs with it where that leaves the live view alone."""
        with self._renewing:
            self._due = None
        with self._taking:
            before = self.picture
            taken = self._take()
            self.picture, self._final = taken.wire(), taken.final
        self._heed_cells()
        if self._displayed and self.picture != before and (self._bridge.updates or self.comm is None):
            display(self._bundle(), raw=True, display_id=self._output_id, update=True)

    def _take(self) -> Picture:
        top = self.pages[-1] if self.pages else {"view": self.view, "args": self.args, "state": self.state}
        view = str(top.get("view"))
        try:
            connection = find()

            def ask(path: str, query: Mapping[str, Any]) -> Any:
                # What is asked for comes from traits that the page may write.
                check("GET", path)
                return connection.request("GET", path, query=query)

            return take(
                ask,
                self._logs,
                view,
                top.get("args") or {},
                top.get("state") or {},
            )
        except Unreachable as error:
            return Picture(view.capitalize(), f"The server could not be asked: {error}.")
        except ApiError as error:
            return Picture(view.capitalize(), error.message)
        except (ValueError, LookupError, TypeError) as error:
            # A server of another version; the live panel does without a picture.
            _log.warning("kflab: the still picture of %s could not be made: %r", view, error)
            return Picture(view.capitalize(), "This panel has no still picture.")


def _watched() -> bool:
    """Whether a person may be there: whoever runs a notebook unattended says that nobody can be asked for input."""
    if not Kernel.initialized():
        return True
    parent = Kernel.instance().get_parent("shell") or {}
    return (parent.get("content") or {}).get("allow_stdin") is not False
