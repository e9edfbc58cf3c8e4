"""The doors through which requests come in, for any spawner: form, link, REST API, stored options.

All of them lead through `Policy.resolve`. A refused request changes nothing: the options stored before stay,
a server that nobody had before is not left behind, and the form comes back with what was typed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

from jupyterhub import orm
from jupyterhub.utils import url_path_join
from sqlalchemy import event
from tornado import web
from traitlets import TraitError, Unicode
from traitlets.config import Config, LoggingConfigurable

from . import form
from .errors import FieldError, PolicyError
from .notebook import NotebookSpec, Owner, parse_form
from .policy import Policy

__all__ = ["DEFAULT", "Doors"]

DEFAULT = "default"  # the notebook that JupyterHub's unnamed server is


@dataclass
class _Typed:
    """What one request brought. JupyterHub draws the form anew after an error, from the default server's
    spawner and perhaps in another task, so this is handed over by the context, and filled in as it goes."""

    notebook: str
    values: dict[str, Any]
    errors: list[FieldError] = field(default_factory=list)
    notices: tuple[str, ...] = ()


_typed: ContextVar[_Typed | None] = ContextVar("kfhub_typed", default=None)
_made: ContextVar[Any] = ContextVar("kfhub_made", default=None)  # the record that this request made


@event.listens_for(orm.Spawner, "init")  # not when one is read from the database
def _note_made(record: orm.Spawner, *_: object) -> None:
    _made.set(record)


class _Refusal(web.HTTPError):
    """A 400 that JupyterHub shows as `jupyterhub_message`."""

    def __init__(self, status: int, log_message: str, jupyterhub_message: str) -> None:
        super().__init__(status, log_message)
        self.jupyterhub_message = jupyterhub_message


class _ShowForm(Exception):
    """Ends a link with options: the form is shown with them, and nothing starts."""

    jupyterhub_message = ""  # the page has no error to show


def _is_news(record: logging.LogRecord) -> bool:
    """A log filter. JupyterHub logs whatever ends a link as an error, with a traceback; this is none."""
    return not (record.exc_info and record.exc_info[0] is _ShowForm)


@lru_cache(maxsize=4)
def _policy(path: str) -> Policy:
    return Policy.load(path)


class Doors(LoggingConfigurable):  # type: ignore[misc]
    """What a spawner of kfhub has in common with the next one: requests in, `notebook_spec` out.

    Stands before a Spawner: `class LocalSpawner(Doors, Spawner)`. A subclass overrides `look`, `find_faults` and
    `form_view`, and starts `notebook_spec`. Without a policy file the doors are those of the Spawner behind.
    """

    ours: ClassVar[tuple[str, ...]] = (
        *("apply_user_options", "options_form", "options_from_form", "options_from_query"),
    )
    """Settings of JupyterHub for what the doors do here: beside them a hook of an admin would never be called."""

    policy_file = Unicode(help="The spawner_ui_config.yaml that says what users may choose.").tag(config=True)

    notebook_spec: NotebookSpec | None = None
    """What is to be started; set before `start` is called."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._fresh = False  # its record was made by a request that only wanted to start it
        self._before: dict[str, Any] | None = None  # the options stored before this request
        if self.policy_file:
            self.check_config(self.config)
            self.options_from_form = self._from_form
            self.apply_user_options = self._apply
            self.observe(self._remember, "handler")

    @classmethod
    def check_config(cls, config: Config) -> None:
        """Raises TraitError for a setting that JupyterHub's spawners have and those of kfhub don't."""
        for section in cls.section_names():
            for name in cls.ours:
                if section in config and name in config[section]:
                    raise TraitError(
                        f"c.{section}.{name} can't be set: kfhub reads the options of a notebook itself, by the"
                        " policy. Remove the line; what users may choose is set in spawner_ui_config.yaml, and"
                        " c.Spawner.pre_spawn_hook is called before each start."
                    )

    # --- for subclasses -------------------------------------------------------------------------

    async def look(self) -> None:
        """Brings up to date what `find_faults` and `form_view` look at."""

    def policy_of(self, options: Any) -> Policy:
        """The policy for a request, with what its namespace offers beside the file."""
        return self.policy

    def find_faults(self, spec: NotebookSpec) -> list[FieldError]:
        """What only the place knows to be wrong with a request that the policy allows. Quick, and changes
        nothing."""
        return []

    def accept(self, spec: NotebookSpec) -> None:
        """Takes a request that is to be started."""
        self.notebook_spec = spec

    def form_view(self, notebook: str) -> form.FormView:
        """What this place offers in the form for `notebook`."""
        return form.FormView(notebook=notebook, spawn_url=self.spawn_url)

    # --- what they need -------------------------------------------------------------------------

    @property
    def policy(self) -> Policy:
        """The policy, loaded once for the hub. Raises PolicyError if the file is wrong."""
        return _policy(self.policy_file)

    @property
    def owner(self) -> Owner:
        groups = frozenset(group.name for group in self.user.groups)
        return Owner(self.user.name, groups, bool(self.user.admin))

    @property
    def notebook(self) -> str:
        return self.name or DEFAULT

    @property
    def notebook_id(self) -> str:
        """The notebook's name in its namespace, after which its volumes are named."""
        return self.notebook

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the user's notebooks that run or are about to."""
        return tuple(spawner.name or DEFAULT for spawner in self.user.spawners.values() if spawner.active)

    @property
    def spawn_url(self) -> str:
        """The page that starts the user's default server."""
        return str(url_path_join(self.hub.base_url, "spawn", self.user.escaped_name))

    # --- the doors --------------------------------------------------------------------------------

    def _from_form(self, form_data: Mapping[str, list[Any]]) -> dict[str, Any]:
        """The form's POST. Synchronous: what it leaves in the context is seen when the form is drawn."""
        return self._read(form_data).to_options()

    def options_from_query(self, query_data: Mapping[str, list[str]]) -> dict[str, Any]:
        """A link with `opt-` parameters: it fills the form in, and never starts a server by itself."""
        if not self.policy_file:
            return dict(super().options_from_query(query_data))
        self._read(query_data)
        self._forget()
        log = (self.handler or self).log
        getattr(log, "logger", log).addFilter(_is_news)
        raise _ShowForm

    @staticmethod
    async def _apply(spawner: Doors, user_options: dict[str, Any]) -> None:
        """Every start, by any door: the last that a request passes before the server starts."""
        await spawner.look()
        replayed = user_options == (spawner._before or {})
        try:
            spec = spawner._resolve(user_options, replayed)
        except PolicyError as error:
            typed = _typed.get()
            if typed is not None:
                typed.errors = error.errors
            spawner._refuse_start()
            raise _refusal(error, "" if typed else str(error)) from None
        spawner.accept(spec)
        # stored as resolved, so that volumes keep their names if the server gets another
        spawner.user_options = spawner.orm_spawner.user_options = spec.to_options()
        spawner.db.commit()

    async def get_options_form(self) -> str:
        """The form: with what this request typed, else with what the server was started with last."""
        if not self.policy_file:
            return str(await super().get_options_form() or "")
        await self.look()
        typed = _typed.get() or self._stored()
        view = self.form_view(typed.notebook)
        return form.render(self.policy_of(typed.values), self.owner, typed.values, typed.errors, view)

    # --- how ----------------------------------------------------------------------------------------

    def _read(self, fields: Mapping[str, list[Any]]) -> NotebookSpec:
        typed = _Typed(self.notebook, parse_form(fields))
        _typed.set(typed)
        self._note_fresh()
        try:
            return self._resolve(typed.values, False)
        except PolicyError as error:
            typed.errors = error.errors
            self._forget()
            raise _refusal(error, "") from None

    def _resolve(self, options: Any, stored: bool) -> NotebookSpec:
        if self.name == DEFAULT:
            message = "'default' is the name of your first server. Choose another name."
            raise PolicyError([FieldError(field="name", message=message)])
        policy = self.policy_of(options)
        spec = policy.resolve(options, self.owner, stored=stored, notebook=self.notebook_id)
        faults = self.find_faults(spec)
        if faults:
            raise PolicyError(faults)
        return spec

    def _stored(self) -> _Typed:
        values = self.orm_spawner.user_options or {}
        typed = _Typed(self.notebook, values)
        if values:
            try:
                typed.notices = self._resolve(values, True).notices
            except PolicyError as error:
                typed.errors = error.errors
        return typed

    def _remember(self, change: Mapping[str, Any]) -> None:
        # JupyterHub sets the handler just before it overwrites the stored options, unchecked.
        if change["new"] is not None:
            self._before = self.orm_spawner.user_options
            self._note_fresh()

    def _note_fresh(self) -> None:
        record = self.orm_spawner
        if (
            _made.get() is record
            and self.name
            and not (record.user_options or record.started or record.state)
        ):
            self._fresh = True

    def _refuse_start(self) -> None:
        """Takes back what JupyterHub stored for a start that is refused."""
        self.orm_spawner.user_options = self._before
        self.user_options = self._before or {}
        self.db.commit()
        # JupyterHub cleans up after the failed start first, and needs the record for it
        self._spawn_future.add_done_callback(lambda _: self._forget())

    def _forget(self) -> None:
        """Removes the record of a server that exists only because a request named it and started nothing."""
        if self._fresh and not self.orm_spawner.user_options:
            self._fresh = False
            self.user.spawners.pop(self.name, None)
            self.db.delete(self.orm_spawner)
            self.db.commit()


def _refusal(error: PolicyError, message: str) -> web.HTTPError:
    # the form tells its errors itself, each beside its field: there `message` is empty
    return _Refusal(403 if error.forbidden else 400, str(error), message)
