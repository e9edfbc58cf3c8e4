"""From the form to an open Lab, beside a pod like it that `kubectl apply` makes: the same image, volume and command."""

from __future__ import annotations

import asyncio
import base64
import json
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from kubernetes_asyncio.client import ApiClient, CoreV1Api
from yarl import URL

from bench import Row, kube
from tests.cluster.kube import images, install
from tests.cluster.kube.client import Cluster, CommandError

USER = "bench-opening"
PLACE = f"user-{USER}"
PEER = "bench-kubectl"
TIMES = 3
PATIENCE = aiohttp.ClientTimeout(total=180)


class Browser:
    """What a browser asks the hub for."""

    def __init__(self, url: str, web: aiohttp.ClientSession) -> None:
        self.url = URL(url)
        self.web = web

    @property
    def xsrf(self) -> str:
        return self.web.cookie_jar.filter_cookies(self.url / "hub/")["_xsrf"].value

    async def log_in(self, password: str) -> None:
        async with self.web.get(self.url / "hub/login") as page:
            page.raise_for_status()
        fields = {"username": USER, "password": password, "_xsrf": self.xsrf}
        async with self.web.post(self.url / "hub/login", data=fields, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()

    async def open_lab(self, fields: dict[str, str]) -> float:
        """Seconds from the form's being sent until Lab's page is here."""
        began = time.perf_counter()
        spawn = self.url / "hub/spawn" / USER
        async with self.web.post(spawn, data={**fields, "_xsrf": self.xsrf}, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
        await self._follow_progress()
        async with self.web.get(self.url / "user" / USER / "lab") as page:
            assert page.status == 200 and page.url.path.endswith("/lab"), page
            assert "jupyter-config-data" in await page.text()
        return time.perf_counter() - began

    async def _follow_progress(self) -> None:
        """As the page does that shows it: until it says that it is ready."""
        async with self.web.get(self.url / "hub/api/users" / USER / "server/progress") as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    event = json.loads(line[5:])
                    assert not event.get("failed"), event
                    if event.get("ready"):
                        return
        raise AssertionError("the hub told of no end")

    async def stop(self) -> None:
        server = self.url / "hub/api/users" / USER / "server"
        while True:
            async with self.web.delete(server, headers={"X-XSRFToken": self.xsrf}) as answer:
                if answer.status in (204, 404):
                    return
                assert answer.status in (202, 400), await answer.text()
            await asyncio.sleep(0.3)


@asynccontextmanager
async def browser(at: install.Installed) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)  # also of an address without a name
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=PATIENCE) as web:
        found = Browser(at.url, web)
        await found.log_in(at.user_password)
        yield found


def like(pod: dict[str, Any]) -> dict[str, Any]:
    """The same pod, as one would write it; outside the hub's sight."""
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    # what the API server has added
    mine = [volume for volume in spec["volumes"] if not volume["name"].startswith("kube-api-access")]
    for container in spec["containers"]:
        container["volumeMounts"] = [
            mount
            for mount in container["volumeMounts"]
            if mount["mountPath"] != "/var/run/secrets/kubernetes.io/serviceaccount"
        ]
        for env in container["env"]:
            if reference := env.get("valueFrom", {}).get("secretKeyRef"):
                reference["name"] = PEER
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": PEER, "namespace": PLACE},
        "spec": {**spec, "volumes": mine},
    }


async def apply(at: Cluster, pod: dict[str, Any]) -> float:
    """Seconds from `kubectl apply` until the server in the pod answers."""
    async with ApiClient() as client, aiohttp.ClientSession() as web:
        api = CoreV1Api(client)
        began = time.perf_counter()
        await asyncio.to_thread(at.apply, pod, PLACE)
        while not (ip := (await api.read_namespaced_pod(PEER, PLACE)).status.pod_ip):  # noqa: ASYNC110 - as a person would
            await asyncio.sleep(0.02)
        while True:
            with suppress(aiohttp.ClientError):
                async with web.get(f"http://{ip}:8888/user/{USER}/api") as answer:
                    if answer.status == 200:
                        return time.perf_counter() - began
            await asyncio.sleep(0.02)


async def measure(at: Cluster, hub: install.Installed, image: str) -> tuple[list[float], list[float]]:
    ours, peer = [], []
    fields = {"image": image.removeprefix("docker.io/")}
    async with browser(hub) as web:
        # the first makes the namespace and the volume
        await web.open_lab(fields)
        there = at.get("pods", "-l", "component=singleuser-server", namespace=PLACE)["items"][0]
        pod = like(there)
        at.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": PEER},
                "data": {"token": base64.b64encode(b"none").decode()},
            },
            PLACE,
        )
        for _ in range(TIMES):
            await web.stop()
            # In threads: a loop that stands still does not see that the proxy closes a connection it has kept.
            await asyncio.to_thread(
                at.wait_for, "delete", f"pod/{there['metadata']['name']}", namespace=PLACE
            )
            peer.append(await apply(at, pod))
            await asyncio.to_thread(at.kubectl, "delete", "pod", PEER, "-n", PLACE)
            ours.append(await web.open_lab(fields))
        await web.stop()
    return ours, peer


def installed(at: Cluster) -> install.Installed:
    """The release in namespace kfhub; made first if there is none."""
    try:
        at.kubectl("rollout", "status", "deployment/hub", "-n", install.NAMESPACE, "--timeout=120s")
    except CommandError:
        loaded = images.load(at.places, kube.say)
        return install.install(at, kube.say, install.build_of(loaded))
    return install.found(at)


def row(at: Cluster) -> Row:
    what = "form submitted → Lab open, image present"
    if not at.own:
        why = "skipped: needs the tests' own cluster, whose pods can be reached from here"
        return {"what": what, "ours": why, "peer": "", "goal": "", "met": None}
    hub = installed(at)
    image = next(name for name in images.elsewhere() if "sklearn" in name)
    try:
        ours, peer = map(statistics.median, asyncio.run(measure(at, hub, image)))
    finally:
        kube.remove_namespace(at, PLACE)
    return {
        "what": what,
        "ours": f"{ours:.1f} s",
        "peer": f"kubectl apply until it answers {peer:.1f} s",
        "goal": "≤ 1.15 ×",
        "met": ours <= 1.15 * peer,
    }
