"""The options form: what it offers, and that a browser without scripts sends back what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from kfspawner import Owner, Policy, PolicyError, form
from kfspawner.form import FormView
from kfspawner.notebook import parse_form

Draw = Callable[..., BeautifulSoup]


@pytest.fixture
def draw(policy: Policy, alice: Owner) -> Draw:
    def draw(values: Any = None, policy: Policy = policy, errors: Any = (), **view: Any) -> BeautifulSoup:
        return BeautifulSoup(
            form.render(policy, alice, values or {}, errors, FormView(**view)), "html.parser"
        )

    return draw


def submitted(soup: BeautifulSoup) -> dict[str, list[str]]:
    """The fields that a browser sends: named, not disabled (nor inside what is), checked, not in a template."""
    for template in soup.select("template"):
        template.decompose()
    fields: dict[str, list[str]] = {}
    for element in soup.select("input[name], select[name], textarea[name]"):
        if element.has_attr("disabled") or element.find_parent("fieldset", disabled=True):
            continue
        if element.get("type") in ("radio", "checkbox") and not element.has_attr("checked"):
            continue
        if element.name == "select":
            options = element.select("option")
            chosen = [o for o in options if o.has_attr("selected")] or options[:1]
            value = str(chosen[0]["value"])
        elif element.name == "textarea":
            value = element.text.removeprefix("\n")
        else:
            value = str(element.get("value", ""))
        fields.setdefault(str(element["name"]), []).append(value)
    return fields


def one(soup: BeautifulSoup, selector: str) -> Tag:
    found = soup.select(selector)
    assert len(found) == 1, selector
    return found[0]


def test_the_form_as_it_comes_sends_the_policys_values(draw: Draw, policy: Policy, alice: Owner) -> None:
    assert policy.resolve(parse_form(submitted(draw())), alice) == policy.resolve({}, alice)


@pytest.mark.parametrize(
    "options",
    [
        {
            "gpu": {"count": 2},
            "shm": False,
            "cpu": "500m",
            "namespace": "team-vision",
            "image": "acme.io/code:1",
        },
        {
            "workspace": {"kind": "none"},
            "configurations": ["license"],
            "environment": {"A": "", "B": " x=<y> "},
        },
        {"workspace": {"kind": "existing", "name": "old"}, "secrets": ["a", "b.c"], "affinity": "own_node"},
        {
            "dataVolumes": [
                {"name": "a", "storageClass": "fast", "mode": "ReadWriteMany", "mount": "/data/a"},
                {"name": "b", "kind": "existing"},
            ],
            "tolerations": "big",
        },
    ],
)
def test_a_stored_request_shown_and_sent_is_the_same_request(
    draw: Draw, policy: Policy, alice: Owner, options: dict[str, Any]
) -> None:
    spec = policy.resolve(options, alice)
    assert policy.resolve(parse_form(submitted(draw(spec.to_options()))), alice) == spec


def test_an_image_of_ones_own_is_kept(draw: Draw, load: Any, alice: Owner) -> None:
    policy = load(allowCustomImage=True, customImagePatterns=["ghcr.io/.*"])
    spec = policy.resolve({"customImage": "ghcr.io/me/own:1"}, alice)
    soup = draw(spec.to_options(), policy)
    assert policy.resolve(parse_form(submitted(soup)), alice) == spec
    assert "ghcr.io/.*" in one(soup, "#kf-section-image").text
    assert not draw().select("[name=customImage]"), "only where it is allowed"


def test_sections_stand_in_kubeflows_order_and_the_first_are_open(draw: Draw) -> None:
    details = draw().select("details[data-section]")
    assert [one["data-section"] for one in details] == [
        *("name", "image", "size", "gpu", "workspace", "dataVolumes"),
        *("configurations", "placement", "shm", "environment"),
    ]
    assert [d["data-section"] for d in details if d.has_attr("open")] == [
        "name",
        "image",
        "size",
        "workspace",
    ]
    summaries = {str(d["data-section"]): one(d, "[data-summary]").text for d in details}  # type: ignore[arg-type]
    assert summaries == {
        "name": "default",
        "image": "acme.io/lab:1",
        "size": "0.5 CPU · 1 GiB",
        "gpu": "none",
        "workspace": "5 GiB, new",
        "dataVolumes": "none",
        "configurations": "none",
        "placement": "any node",
        "shm": "on",
        "environment": "none",
    }
    assert " ".join(one(draw(), "#kf-bar").text.split()).endswith(
        "acme.io/lab:1 · 0.5 CPU · 1 GiB · 5 GiB, new workspace"
    )


def test_images_are_cards_with_their_deprecation(draw: Draw) -> None:
    cards = draw().select("input[name=image]")
    assert [card["value"] for card in cards] == ["acme.io/lab:1", "acme.io/lab:0", "acme.io/code:1"]
    old = cards[1].find_parent("label")
    assert old is not None
    assert "deprecated" in old.text and "Use lab:1 instead." in old.text


def test_limits_stand_beside_the_fields_and_presets_keep_to_them(draw: Draw) -> None:
    soup = draw()
    assert "At most 4 cores." in one(soup, "#kf-cpu-hint").text
    assert "At most 8Gi." in one(soup, "#kf-memory-hint").text
    assert [o["value"] for o in soup.select("#kf-cpu-presets option")] == ["0.5", "1", "2", "4"]
    assert [o["value"] for o in soup.select("#kf-memory-presets option")] == ["1Gi", "2Gi", "4Gi", "8Gi"]


def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(
    draw: Draw, policy: Policy, alice: Owner
) -> None:
    typed = {
        "cpu": "two",
        "gpu": {"vendor": "nvidia.com/gpu", "count": "x"},
        "dataVolumes": [{"name": "A b", "mount": "/etc"}],
        "environment": "broken",
        "nonsense": 1,
    }
    with pytest.raises(PolicyError) as caught:
        policy.resolve(typed, alice)
    soup = draw(typed, errors=caught.value.errors)

    cpu = one(soup, "#kf-cpu")
    assert (cpu["value"], cpu["aria-invalid"]) == ("two", "true")
    assert "kf-cpu-error" in cpu["aria-describedby"]
    assert "isn't a quantity" in one(soup, "#kf-cpu-error").text
    assert one(soup, "#kf-dataVolumes-0-mount")["value"] == "/etc"
    assert one(soup, "#kf-environment").text.strip() == "broken"
    assert one(soup, "#kf-section-gpu").has_attr("open"), "a section with an error is open"
    links = soup.select("#kf-errors li")
    assert len(links) == len(caught.value.errors)
    for link in soup.select("#kf-errors a"):
        assert one(soup, str(link["href"]))
    assert any("nonsense" in link.text and not link.select("a") for link in links)


@pytest.mark.parametrize(
    ("field", "selector"),
    [
        ("dataVolumes", "#kf-section-dataVolumes"),
        ("dataVolumes.7", "#kf-section-dataVolumes"),
        ("gpu", "#kf-section-gpu"),
    ],
)
def test_an_error_without_a_field_stands_in_its_section(draw: Draw, field: str, selector: str) -> None:
    soup = draw(errors=[{"field": field, "message": "Too many."}])
    assert "Too many." in one(soup, selector).text
    assert one(soup, "#kf-errors a")["href"] == selector


def test_every_field_has_a_label_and_every_id_is_there_once(draw: Draw) -> None:
    soup = draw(
        {"dataVolumes": [{"name": "a"}], "secrets": ["x"]},
        secrets=("y",),
        volumes=("v",),
        storage_classes=("s",),
    )
    ids = [str(element["id"]) for element in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    for element in soup.select("input, select, textarea"):
        if element.get("type") != "hidden" and not element.find_parent("template"):
            labelled = element.find_parent("label") or element.get("aria-label")
            assert labelled or one(soup, f'label[for="{element["id"]}"]')
        for name in str(element.get("aria-describedby", "")).split():
            assert name in ids


@pytest.mark.parametrize("view", [{}, {"volumes": ("v",)}, {"storage_classes": ("s",)}])
def test_suggestions_are_named_only_where_there_are_some(draw: Draw, view: dict[str, Any]) -> None:
    soup = draw(**view)
    for element in soup.select("[list]"):
        assert one(soup, f"datalist#{element['list']}").select("option")
    assert one(soup, "#kf-workspace-name").has_attr("list") is ("volumes" in view)


def test_a_default_that_was_declined_stays_declined(load: Any, draw: Draw, alice: Owner) -> None:
    claim = {"existingSource": {"persistentVolumeClaim": {"claimName": "shared"}}, "mount": "/data"}
    policy = load(
        configurations={"value": ["proxy"], "options": [{"name": "proxy"}]},
        dataVolumes={"value": [claim]},
        environment={"value": {"A": "1"}},
        gpus={"value": {"vendor": "x", "num": 1, "vendors": [{"limitsKey": "x"}]}},
    )
    assert policy.resolve(parse_form(submitted(draw({}, policy))), alice) == policy.resolve({}, alice)
    declined = {"configurations": [], "dataVolumes": [], "environment": {}, "gpu": {"count": 0}, "shm": False}
    spec = policy.resolve(declined, alice)
    assert (spec.configurations, spec.data_volumes, dict(spec.environment)) == ((), (), {})
    assert policy.resolve(parse_form(submitted(draw(spec.to_options(), policy))), alice) == spec


@pytest.mark.parametrize("typed", ["\ud800", "\x00", "</textarea><b id=evil>", '" autofocus onfocus="x'])
def test_whatever_was_typed_is_shown_as_text(draw: Draw, typed: str) -> None:
    values = {"cpu": typed, "environment": typed, "secrets": [typed], "dataVolumes": [{"name": typed}]}
    soup = draw(values, errors=[{"field": typed, "message": typed}], notebook="x")
    str(soup).encode()
    assert not soup.select("[id=evil], [onfocus]")
    assert len(soup.select("textarea")) == 1


def test_what_the_admin_has_fixed_is_shown_with_a_lock_and_not_sent(
    draw: Draw, load: Any, alice: Owner
) -> None:
    policy = load(
        image={"readOnly": True, "value": "acme.io/lab:1"},
        cpu={"readOnly": True, "value": "2"},
        memory={"readOnly": True, "value": "1Gi"},
        gpus={"readOnly": True, "value": {}},
        workspaceVolume={"readOnly": True, "value": None},
        dataVolumes={"readOnly": True, "value": []},
        configurations={"readOnly": True},
        affinityConfig={"readOnly": True},
        tolerationGroup={"readOnly": True},
        shm={"readOnly": True, "value": True},
        environment={"readOnly": True, "value": {"A": "1"}},
    )
    soup = draw({"cpu": "64"}, policy)
    assert set(submitted(soup)) == {"namespace", "secrets"}
    assert soup.text.count("set by your admin") >= 11
    assert soup.select(".fa-lock")
    assert "2 (set by your admin)" in " ".join(one(soup, "#kf-section-size").text.split())
    assert policy.resolve(parse_form(submitted(soup)), alice) == policy.resolve({}, alice)


def test_what_this_place_cannot_do_is_shown_with_the_reason_and_not_sent(draw: Draw) -> None:
    soup = draw(
        unavailable={
            "gpu": "This hub runs on one machine.",
            "image": "One environment for all.",
            "workspace.storageClass": "Volumes are folders here.",
            "dataVolumes.mode": "Folders are always shared.",
            "affinity": "There is one machine.",
            "secrets": "There is no cluster.",
        },
        hints={"workspace": "It is a folder on this machine."},
        marks={"cpu": "advisory"},
    )
    text = " ".join(soup.text.split())
    assert "Not available here: This hub runs on one machine." in text
    assert "Not available here: Volumes are folders here." in text
    assert "It is a folder on this machine." in text
    assert "advisory" in one(soup, "label[for=kf-cpu]").text
    sent = submitted(soup)
    for name in (
        "gpu.vendor",
        "image",
        "workspace.storageClass",
        "dataVolumes.0.mode",
        "affinity",
        "secrets",
    ):
        assert name not in sent
    assert "tolerations" in sent


def test_the_view_says_what_there_is(draw: Draw) -> None:
    soup = draw(
        notebook="vision",
        notice="All share one account.",
        notices=("profile was dropped.",),
        namespaces=("user-a", "team-b"),
        volumes=("old",),
        storage_classes=("fast",),
        secrets=("login",),
        script_url="/hub/form.js",
        spawn_url="/hub/spawn/alice",
    )
    assert one(soup, "#kf-notebook")["value"] == "vision"
    assert "All share one account." in soup.text and "profile was dropped." in soup.text
    assert [o["value"] for o in soup.select("#kf-namespace option")] == ["user-a", "team-b"]
    assert one(soup, "#kf-workspace-name")["value"] == "vision-workspace"
    assert [o["value"] for o in soup.select("#kf-volume-names option")] == ["old"]
    assert [o["value"] for o in soup.select("#kf-storage-classes option")] == ["fast"]
    assert one(soup, "input[type=checkbox][name=secrets]")["value"] == "login"
    assert one(soup, "script")["src"] == "/hub/form.js"
    assert one(soup, "#kfhub-form")["data-spawn-url"] == "/hub/spawn/alice"


def test_the_page_needs_no_inline_script_or_style_and_no_button_of_its_own(draw: Draw) -> None:
    soup = draw(script_url="/hub/form.js")
    assert all(not script.text for script in soup.select("script"))
    assert not soup.select("style, [style], [onclick], [type=submit], form")


def test_an_empty_row_waits_for_one_more_volume(draw: Draw) -> None:
    soup = draw({"dataVolumes": [{"name": "a"}, {"name": "b"}]})
    assert one(soup, '#kf-volumes [name="dataVolumes.2.name"]')["value"] == ""
    sent = submitted(draw({"dataVolumes": [{"name": "a"}]}))
    assert [row["name"] for row in parse_form(sent)["dataVolumes"]] == ["a"]
