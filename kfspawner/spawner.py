"""KFSpawner: KubeSpawner with a policy, a namespace for each user and team, and no waiting in between.

Without a policy file it is KubeSpawner, with live copies of the cluster in place of its reflectors, and the
notebook's token in a Secret.
"""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from jupyterhub import orm
from jupyterhub.spawner import SpawnException
from jupyterhub.utils import maybe_future, url_escape_path, url_path_join
from kubernetes_asyncio.client import ApiException, Configuration
from kubespawner.clients import load_config
from markupsafe import Markup
from traitlets import Bool, Integer, Unicode, default

from . import api, claims, diagnosis, form, manifests, namespaces, poddefaults
from .check import ClusterView, check
from .diagnosis import starts
from .doors import Doors
from .errors import FieldError
from .live import LiveKubeSpawner
from .names import slug
from .notebook import NotebookSpec
from .pod import dress
from .policy import Policy
from .static_files import script_url
from .watching import KINDS, event_time

__all__ = ["KFSpawner", "NotStarted"]

Object = dict[str, Any]

# What holds the notebook's hub token in its environment; JPY_API_TOKEN is for old images.
_TOKENS = ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN")
_LOOK_AGAIN = 5.0  # seconds after which what only time changes is looked at: how long something has lasted
_RETRY = 0.05  # seconds between attempts to connect to a notebook whose pod runs
_NO_ACCOUNT = "looking up service account"
_FRESH_QUOTA = "status unknown for quota"  # what the API server says until it has counted


@lru_cache(maxsize=1)
def _accept_certificates() -> None:
    """Python 3.13 refuses certificates of many a cluster that nothing else objects to, for want of a field. Who
    signed them is still checked."""
    load_config(host="", ssl_ca_cert="", verify_ssl=None)  # as KubeSpawner is about to, which it does once
    configuration = Configuration.get_default_copy()
    configuration.disable_strict_ssl_verification = True
    Configuration.set_default(configuration)


@lru_cache(maxsize=1)
def _keep_what_is_loaded() -> None:
    """A full garbage collection would walk all that the cluster's client consists of, for a third of a second in
    which the hub answers nobody. None of that ever goes: from here on only what is new is looked at."""
    gc.collect()
    gc.freeze()


class NotStarted(SpawnException):  # type: ignore[misc]
    """The notebook did not start; JupyterHub shows `jupyterhub_message`, and does not count it as a fault of its own."""

    def __init__(self, found: diagnosis.Diagnosis) -> None:
        self.diagnosis = found
        self.jupyterhub_message = f"{found.sentence} {found.next_step}".strip()
        self.jupyterhub_html_message = Markup(
            "<strong>{}</strong> {}<details><summary>What Kubernetes says</summary>{}</details>"
        ).format(found.sentence, found.next_step, found.cause)
        super().__init__(
            self.jupyterhub_message,
            reason=found.code,
            log_message=f"{self.jupyterhub_message} ({found.code}: {found.cause})",
            status_code=503 if found.code == "api_down" else 400,
        )


class KFSpawner(Doors, LiveKubeSpawner):
    """Starts a notebook as a pod. What is set for KubeSpawner counts here too."""

    single_namespace = Bool(
        False,
        help="All notebooks in the hub's own namespace: needs no right in the cluster beyond it, and gives users"
        " no namespace of their own.",
    ).tag(config=True)
    hub_service_account = Unicode("hub", help="The hub's own ServiceAccount, in its namespace.").tag(
        config=True
    )
    notebooks_per_namespace = Integer(
        4,
        min=1,
        help="How many notebooks of the largest size a namespace has room for; its quota is that many times what"
        " the policy allows one.",
    ).tag(config=True)

    fail_after = Integer(
        60,
        min=0,
        help="Seconds after which a start ends that something holds up which may pass: no node has room, a registry"
        " or a volume does not answer. What can't pass ends it at once.",
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        _accept_certificates()
        _keep_what_is_loaded()
        super().__init__(**kwargs)
        self._token_secret = ""
        self._deadline = 0.0  # when a start is given up, by time.monotonic()
        self._creating = False  # a pod was asked for, and hasn't been seen yet
        self._found: diagnosis.Diagnosis | None = None  # what holds up this start
        self._refusals = api.Refusals()  # of the request for the pod
        self.stopped_because = ""  # why the last server ended by itself; shown until the next start
        if self.policy_file:
            self._settle(self.policy.namespaces(self.owner)[0])

    # --- an admin's settings ------------------------------------------------------------------------------

    ours = (*Doors.ours, "profile_list")

    @classmethod
    def check_config(cls, config: Any) -> None:
        """With a policy only: without one all of KubeSpawner's settings count."""
        if any("policy_file" in config[section] for section in cls.section_names() if section in config):
            super().check_config(config)

    @default("enable_user_namespaces")
    def _one_namespace_each(self) -> bool:
        return bool(self.policy_file) and not self.single_namespace

    @default("service_account")
    def _editor(self) -> str | None:
        return manifests.EDITOR if self.policy_file else None

    @default("fs_gid")
    def _volumes_group(self) -> int | None:
        return 100 if self.policy_file else None

    @default("k8s_api_request_retry_timeout")
    def _patience(self) -> int:
        return 300  # an API server that is away for minutes is waited for

    @property
    def notebook_id(self) -> str:
        return f"{slug(self.user.name)}-{self.notebook}" if self.single_namespace else self.notebook

    # --- requests -----------------------------------------------------------------------------------------

    async def look(self) -> None:
        kinds = ("claims", "claim_events", "quotas", "poddefaults") if self.single_namespace else tuple(KINDS)
        watched = [self._watched(name) for name in ("pods", "events", *kinds)]
        if all(one is not None and one.first_load_future.done() for one in watched):
            return
        await asyncio.gather(
            self._start_watching_pods(),
            self._start_watching_events(),
            *(self._start_watching(KINDS[name]) for name in kinds),
        )

    def policy_of(self, options: Any) -> Policy:
        wanted = options.get("namespace") if isinstance(options, dict) else None
        own = self.policy.namespaces(self.owner)
        namespace = self._place(wanted if wanted in own else own[0])
        found = poddefaults.choices(self._of("poddefaults", namespace))
        return Policy(poddefaults.with_choices(self.policy.rules, found)) if found else self.policy

    def find_faults(self, spec: NotebookSpec) -> list[FieldError]:
        place = self._place(spec.namespace)
        return check(spec, self._view(place), self.owner) if self._watched("pods") else []

    def accept(self, spec: NotebookSpec) -> None:
        super().accept(spec)
        self._settle(spec.namespace)
        self.image = spec.image
        self.image_pull_policy = spec.image_pull_policy
        self.cpu_guarantee = spec.cpu_cores
        self.cpu_limit = spec.cpu_limit.amount / 1000 if spec.cpu_limit else None
        self.mem_guarantee = spec.memory_bytes
        self.mem_limit = spec.memory_limit.amount if spec.memory_limit else None

    def form_view(self, notebook: str) -> form.FormView:
        own = [self._place(name) for name in self.policy.namespaces(self.owner)]
        volumes = {name for place in own for name in self._of("claims", place)}
        return form.FormView(
            notebook=notebook,
            spawn_url=self.spawn_url,
            running=self.running,
            namespaces=(self.namespace,) if self.single_namespace else None,
            volumes=tuple(sorted(volumes)),
            storage_classes=tuple(sorted(self._all("classes"))),
            notices=(self.stopped_because,) if self.stopped_because else (),
            script_url=script_url(self.hub.base_url),
        )

    # --- the pod ------------------------------------------------------------------------------------------

    def get_env(self) -> dict[str, Any]:
        env: dict[str, Any] = super().get_env()
        if self._token_secret:
            reference = {"valueFrom": {"secretKeyRef": {"name": self._token_secret, "key": "token"}}}
            env |= {name: dict(reference) for name in _TOKENS if name in env}
        spec = self.notebook_spec
        if spec is not None:
            # after what an admin has set, which is a template: a user's text never is
            mounts = os.pathsep.join(volume.mount for volume in spec.data_volumes)
            env |= {**spec.environment, "KFLAB_NAMESPACE": self.namespace, "KFLAB_VOLUMES": mounts}
        return env

    async def get_pod_manifest(self) -> Any:
        pod = await super().get_pod_manifest()
        spec = self.notebook_spec
        if spec is None:
            return pod
        rules = self.policy_of({"namespace": spec.namespace}).rules
        return dress(pod, manifests.pod_parts(spec, rules, self.owner), self.api.api_client)

    # --- the start ----------------------------------------------------------------------------------------

    async def _start(self) -> str:
        self.stopped_because = ""
        self._found = None
        self._refusals = api.Refusals()
        self._set_deadline()
        if self.policy_file:
            # where a hub that is started after this one was killed finds what is made from here on
            self.orm_spawner.state = self.get_state()
            self.db.commit()
        # a name of its own for each start: what an earlier pod left behind is never in the way
        self._token_secret = f"{self.pod_name}-{secrets.token_hex(4)}"
        self._admins_hook = self.after_pod_created_hook  # type: ignore[has-type]
        self.after_pod_created_hook = self._after_pod_created
        try:
            # a little later than where a pod is waited for, which knows more
            async with asyncio.timeout(self._deadline - time.monotonic() + 0.5):
                # in turn already here: the first steps of many at once would hold up the hub's pages
                async with api.in_turn():
                    if self.notebook_spec is not None:
                        await self._prepare(self.notebook_spec)
                return str(await super()._start())
        except TimeoutError as error:
            raise NotStarted(self._late()) from error
        except ApiException as error:
            raise NotStarted(diagnosis.from_api_error(error.status, str(error.body))) from error
        except namespaces.NotOurs as error:
            raise NotStarted(starts.not_ours(str(error))) from error
        finally:
            self.after_pod_created_hook = self._admins_hook

    def _late(self) -> diagnosis.Diagnosis:
        """What is to be said when `start_timeout` is over."""
        pods = self._watched("pods")
        if pods is None or pods.failing:
            return diagnosis.from_api_error(0, "")
        return self._found or starts.slow(self.start_timeout)

    async def _ensure_namespace(self) -> None:
        if not self.policy_file:
            await super()._ensure_namespace()

    async def _prepare(self, spec: NotebookSpec, again: bool = False) -> None:
        """The namespace and the volumes. Nothing is written for a notebook that was started before."""
        await self.look()
        client = self.api.api_client
        if not self.single_namespace:
            roles = manifests.Roles(hub_account=self.hub_service_account, hub_namespace=self._home)
            content = manifests.make_namespace_content(
                self.namespace, self.policy.rules, roles, self.notebooks_per_namespace
            )
            there = self._all("namespaces").get(self.namespace)
            if again or not namespaces.is_prepared(there, content):
                owner = manifests.namespace_owner(spec.namespace, self.owner)
                await namespaces.prepare(client, self.namespace, owner, content)
        view = self._view(self.namespace)
        await claims.prepare(
            client, self.namespace, spec, self.owner, view, self.k8s_api_request_retry_timeout
        )

    async def _make_create_pod_request(self, pod: Any, request_timeout: float) -> bool:
        self._creating = True
        try:
            # one after the other, so that of many starts at once each token follows its pod: a kubelet that does
            # not find it looks again only after ten seconds
            async with api.in_turn():
                created = await self._create_pod(pod, request_timeout)
                if created is not None:
                    await self._create_token(created["metadata"]["uid"])
        except (aiohttp.ClientError, OSError):
            return False  # the API server is away: KubeSpawner tries again
        except ApiException as error:
            text = str(error.body)
            if self._refusals.pass_by(error) or (error.status == 403 and _FRESH_QUOTA in text):
                return False
            if error.status == 403 and _NO_ACCOUNT in text and self.notebook_spec and not self._found:
                # somebody has deleted it; its namespace is made whole, once
                self._found = diagnosis.from_api_error(error.status, text)
                await self._prepare(self.notebook_spec, again=True)
                return False
            self._creating = False
            raise
        if created is None:
            return False
        await self._pods.until(self._key, lambda: self._pods.resources.get(self._key))
        self._creating = False
        return True

    async def _create_pod(self, pod: Any, request_timeout: float) -> Object | None:
        """The pod as the cluster has made it. None: not yet, to be tried again."""
        client = self.api.api_client
        manifest = client.sanitize_for_serialization(pod)
        manifest["metadata"]["namespace"] = self.namespace
        self.log.info("Creating pod %s", self._key)
        try:
            async with asyncio.timeout(request_timeout):
                return await api.create(client, manifest)
        except TimeoutError:
            return None
        except ApiException as error:
            if error.status != 409:
                raise
        try:
            there = await api.read(client, manifest)
        except ApiException as error:
            if error.status != 404:
                raise
            return None
        if self._is_of_this_start(there):
            return there  # the request before this one got through, and its answer did not
        self.log.info("Pod %s is there already: it is removed first", self._key)
        await self.stop(True)
        return None

    def _is_of_this_start(self, pod: Object) -> bool:
        uses = (
            env.get("valueFrom", {}).get("secretKeyRef", {}).get("name")
            for container in pod["spec"]["containers"]
            for env in container.get("env") or ()
        )
        return self._token_secret in uses

    async def _create_token(self, uid: str) -> None:
        secret = manifests.make_token_secret(
            self._token_secret, self.namespace, self.api_token, self.pod_name, uid
        )
        client = self.api.api_client
        try:
            await api.persistently(lambda: api.create(client, secret), self.k8s_api_request_retry_timeout)
        except ApiException as error:
            if error.status == 409:
                return  # likewise: no other start uses this name
            await self.stop(True)
            raise

    async def _after_pod_created(self, _: Any, pod: Object) -> None:
        if self._admins_hook:
            await maybe_future(self._admins_hook(self, pod))
        running = await self._until_running()
        await self._until_it_answers(self._get_pod_url(running))

    async def _until_running(self) -> Object:
        """The pod once it runs. Raises NotStarted as soon as it can't, or when `start_timeout` is nearly over."""
        began, held = time.monotonic(), ""
        while True:
            pod = self._pods.resources.get(self._key)
            if pod is None:
                raise NotStarted(starts.GONE)
            if (pod.get("status") or {}).get("podIP") and self.is_pod_running(pod):
                return pod
            found = self._diagnose(pod, time.monotonic() - began)
            if (found.code if found else "") != held:
                # what holds it up now has only begun: an outage of the API server makes each node seem lost
                held, began = found.code if found else "", time.monotonic()
                found = self._diagnose(pod, 0.0)
            left = self._deadline - time.monotonic()
            if found and (found.failed or left <= 0):
                raise NotStarted(found)
            if left <= 0:
                raise NotStarted(self._late())
            self._found = found
            await self._change(min(left, _LOOK_AGAIN))

    async def _until_it_answers(self, url: str) -> None:
        """Until something takes connections, so that the hub's first request finds it."""
        place = urlsplit(url)
        began = time.monotonic()
        while time.monotonic() < min(began + self.http_timeout, self._deadline):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(2):
                    _, writer = await asyncio.open_connection(place.hostname, place.port)
                writer.close()
                return
            await self._change(_RETRY)
            pod = self._pods.resources.get(self._key)
            found = self._diagnose(pod, 0.0) if pod else starts.GONE
            if found and found.failed:
                raise NotStarted(found)
        raise NotStarted(starts.silent(place.port, round(time.monotonic() - began)))

    def _set_deadline(self) -> None:
        """Before JupyterHub gives up, which knows no cause; with time to take the pod away."""
        self._deadline = time.monotonic() + max(self.start_timeout - 2, self.start_timeout / 2)

    async def _change(self, seconds: float) -> None:
        """Returns when something about the pod has changed, or after `seconds`."""
        waits = [watch.changed(self._key) for watch in (self._pods, self._watched("events")) if watch]
        volumes = self._watched("claim_events")
        if volumes:
            waits += [volumes.changed(f"{self.namespace}/{name}") for name in self._volume_names]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for change in waits:
                change.cancel()

    def _diagnose(self, pod: Object, waited: float) -> diagnosis.Diagnosis | None:
        scheduled = "nodeName" in pod["spec"]
        found = diagnosis.diagnose(
            pod,
            self.events,
            pvcs=self._of("claims", self.namespace),
            nodes=[*self._all("nodes").values()],
            # of the others' pods only the sums count, and only while this one has no node
            pods=[] if scheduled else [*self._pods.resources.values()],
            waited=waited,
            grace=self.fail_after,
        )
        # the token follows its pod at once: a kubelet that was quicker looks again
        mine = found and self._token_secret and self._token_secret in found.cause
        return None if mine else found

    # --- afterwards -----------------------------------------------------------------------------------------

    async def poll(self) -> int | None:
        await self._start_watching_pods()
        pod = self._pods.resources.get(self._key)
        if pod is None and self._creating:
            return None  # it may be there already, or be there soon: so a stop removes it
        if pod is not None and self._start_future is None and pod["status"].get("phase") == "Pending":
            await self._take_up()
        elif pod is not None:
            self._note_end(pod)
        status: int | None = await super().poll()
        return status

    async def _take_up(self) -> None:
        """A pod that a killed hub has left on its way: waited for until it runs, and removed if it never will."""
        try:
            await self._start_watching_events()
            self._set_deadline()
            await self._until_running()
        except NotStarted as error:
            self.stopped_because = error.jupyterhub_message
            await self.stop(now=True)

    async def stop(self, now: bool = False) -> None:
        await super().stop(now)
        self._creating = False

    def run_post_stop_hook(self) -> Any:
        # JupyterHub knows the token only of a server that this process has started
        base = url_path_join(self.user.base_url, url_escape_path(self.name), "/")
        tokens = self.db.query(orm.APIToken).filter_by(user=self.user.orm_user, note=f"Server at {base}")
        for token in tokens:
            self.db.delete(token)
        self.db.commit()
        return super().run_post_stop_hook()

    def _note_end(self, pod: Object) -> None:
        for container in (pod.get("status") or {}).get("containerStatuses") or ():
            if container["name"] == "notebook" and "terminated" in container["state"]:
                found = self._diagnose(pod, 0.0)
                self.stopped_because = f"{found.sentence} {found.next_step}" if found else ""

    async def _make_delete_pod_request(self, *args: Any, **kwargs: Any) -> bool:
        try:
            return bool(await super()._make_delete_pod_request(*args, **kwargs))
        except (aiohttp.ClientError, OSError):
            return False

    async def delete_forever(self) -> None:
        """Volumes outlive servers: with a policy nothing is deleted here."""
        if not self.policy_file:
            await super().delete_forever()

    def get_state(self) -> dict[str, Any]:
        state: dict[str, Any] = super().get_state()
        return state | ({"stopped_because": self.stopped_because} if self.stopped_because else {})

    def load_state(self, state: dict[str, Any]) -> None:
        super().load_state(state)
        self.stopped_because = str(state.get("stopped_because", ""))

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """The steps of the pod as they are reached, and what holds it up."""
        if not self.events_enabled:
            return
        await asyncio.gather(self._start_watching_pods(), self._start_watching_events())
        told: list[Object] = []
        while True:
            steps = diagnosis.steps(
                self._pods.resources.get(self._key),
                self.events,
                pvcs=self._of("claims", self.namespace),
                found=self._found,
            )
            shown = [asdict(step) for step in steps]
            if shown != told:
                told = shown
                yield _progress(steps, shown, self._found)
            if self._start_future is not None and self._start_future.done():
                return
            await self._change(1.0)

    # --- where --------------------------------------------------------------------------------------------

    @property
    def events(self) -> list[Object]:
        """Those about the notebook's pod and its volumes, oldest first."""
        if not self.events_enabled:
            return []
        volumes = [f"{self.namespace}/{name}" for name in self._volume_names]
        about = [*self._about("events", self._key)]
        for volume in volumes:
            about += self._about("claim_events", volume)
        return sorted(about, key=event_time)

    @property
    def _volume_names(self) -> list[str]:
        spec = self.notebook_spec
        return [v.name for v in (spec.workspace, *spec.data_volumes) if v.name] if spec else []

    @property
    def _key(self) -> str:
        return f"{self.namespace}/{self.pod_name}"

    def _view(self, namespace: str) -> ClusterView:
        return ClusterView(
            namespace=self._all("namespaces").get(namespace),
            managed=not self.single_namespace,
            claims=self._of("claims", namespace),
            pods=self._of("pods", namespace),
            quotas=self._of("quotas", namespace),
            classes=self._all("classes"),
            own_pod=self.pod_name,
        )

    @property
    def _home(self) -> str:
        """The hub's own namespace: as an admin has set it, else that of the hub's pod."""
        sections = (self.config[name] for name in reversed(self.section_names()) if name in self.config)
        given = (section["namespace"] for section in sections if "namespace" in section)
        return str(next(given, None) or self._namespace_default())

    def _place(self, namespace: str) -> str:
        return self._home if self.single_namespace else namespace

    def _settle(self, namespace: str) -> None:
        """Takes the namespace, and what KubeSpawner derives from it."""
        self.namespace = self._place(namespace)
        self.dns_name = self.dns_name_template.format(namespace=self.namespace, name=self.pod_name)


def _progress(
    steps: list[diagnosis.Step], shown: list[Object], found: diagnosis.Diagnosis | None
) -> dict[str, Any]:
    """What JupyterHub sends to the page: its own keys, and the steps for a page that draws them."""
    reached = [step for step in steps if step.state != "waiting"]
    message = found.sentence if found else reached[-1].text if reached else "Asking for a pod"
    return {"progress": min(90, 18 * len(reached)), "message": message, "steps": shown}
