// What the options form does beyond plain HTML: a live summary, rows to add and remove, a name to choose.
// The page works without it; nothing here decides what is allowed.
import Alpine from "@alpinejs/csp";

const NAME = "{notebook-name}";
const ROW = /__row__/g;
// what JupyterHub takes as a server's name (jupyterhub.slugs.is_valid_safe_slug)
const PLAIN = /^(?=.{1,30}$)[a-z](?:[a-z0-9]|-(?=[a-z0-9]))*$/;

const binary = (text) =>
  text.replace(
    /^\s*([\d.]+)\s*([KMGT])i\s*$/,
    (_, number, unit) => `${Number(number)} ${unit}iB`,
  );

const find = (id) => document.getElementById(id);

Alpine.data("kfhubForm", () => ({
  image: "",
  size: "",
  workspace: "",
  rows: 0,

  init() {
    this.form = this.$root.closest("form");
    this.rows = this.$root.querySelectorAll("#kf-volumes [data-row]").length;
    for (const hidden of this.$root.querySelectorAll(
      "[data-script], [data-remove]",
    )) {
      hidden.hidden = false;
    }
    this.$root.addEventListener("input", () => this.refresh());
    this.$root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove]");
      if (button) {
        this.remove(button.closest("[data-row]"));
      }
    });
    this.startName();
    this.moveStart();
    this.openTargets();
    this.refresh();
    find("kf-errors")?.focus();
    this.$root
      .querySelector('[aria-invalid="true"]:not(:disabled):not(fieldset)')
      ?.focus();
  },

  // The name is part of the address that the form is sent to, not one of its fields.
  startName() {
    const name = find("kf-notebook");
    const spawn = this.$root.dataset.spawnUrl;
    if (!spawn || !this.form) {
      return;
    }
    name.readOnly = false;
    find("kf-notebook-hint").textContent =
      "The server's name, part of its address. 'default' is your first server.";
    const workspace = find("kf-workspace-name");
    const template = this.$root.dataset.workspaceTemplate;
    const running = this.$root.dataset.running.split(" ");
    let untouched = workspace?.value === this.expand(template, name.value);
    workspace?.addEventListener("input", () => {
      untouched = false;
    });
    // The hub refuses a wrong name with a page of its own, where all that was typed is gone.
    name.addEventListener("invalid", () =>
      name.closest("details").setAttribute("open", ""),
    );
    name.addEventListener("input", () => {
      const chosen = name.value.trim();
      const runs = running.includes(chosen || "default")
        ? `${chosen || "default"} is running already. Choose another name, or stop it on the home page first.`
        : "";
      const fault =
        chosen === "" || PLAIN.test(chosen)
          ? runs
          : "Begin with a lower-case letter, then letters, digits and single '-', 30 characters at most, such as my-notebook.";
      name.setCustomValidity(fault);
      name.classList.toggle("is-invalid", fault !== "");
      name.setAttribute("aria-invalid", String(fault !== ""));
      find("kf-notebook-error").textContent = fault;
      this.fold("name", chosen || "default");
      const query = this.form.getAttribute("action").replace(/^[^?]*/, "");
      const path =
        chosen === "" || chosen === "default"
          ? spawn
          : `${spawn}/${encodeURIComponent(chosen)}`;
      this.form.setAttribute("action", path + query);
      if (untouched && workspace) {
        workspace.value = this.expand(template, chosen || "default");
      }
    });
  },

  // A name that the hub would have to change first is left to the hub: an empty field means its default.
  expand(template, name) {
    return PLAIN.test(name) ? template.replaceAll(NAME, name) : "";
  },

  // JupyterHub's own button goes where it stays in view.
  moveStart() {
    const start = this.form?.querySelector(".feedback-container");
    if (start) {
      find("kf-bar").append(start);
    }
  },

  // A link in the list of errors leads into a section that may be folded.
  openTargets() {
    for (const link of this.$root.querySelectorAll("#kf-errors a")) {
      link.addEventListener("click", (event) => {
        const target = document.querySelector(link.getAttribute("href"));
        if (target) {
          event.preventDefault();
          target.closest("details")?.setAttribute("open", "");
          const field = target.matches("details")
            ? target.querySelector("summary")
            : target;
          field.focus();
          field.scrollIntoView({ block: "center" });
        }
      });
    }
  },

  add() {
    const copy =
      find("kf-volume-stamp").content.firstElementChild.cloneNode(true);
    for (const element of copy.querySelectorAll("*")) {
      for (const attribute of element.attributes) {
        attribute.value = attribute.value.replace(ROW, String(this.rows));
      }
    }
    copy.querySelector("[data-remove]").hidden = false;
    this.rows += 1;
    find("kf-volumes").append(copy);
    copy.querySelector("input").focus();
    this.refresh();
  },

  remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (
      next?.querySelector("input") ??
      this.$root.querySelector('[data-section="dataVolumes"] summary')
    ).focus();
    this.refresh();
  },

  // The headline of a folded section. One that is not available here says so, whatever stands in it.
  fold(key, text) {
    const summary = this.$root.querySelector(
      `[data-section="${key}"]:not(:has(> * > fieldset[disabled])) [data-summary]`,
    );
    if (summary) {
      summary.textContent = text;
    }
  },

  refresh() {
    const value = (id) => find(id)?.value.trim() ?? "";
    const shown = (key) =>
      this.$root.querySelector(`[data-summary="${key}"]`)?.textContent ?? "";
    const card = this.$root.querySelector(
      'input[name="image"]:checked:enabled',
    );
    const image = value("kf-customImage") || card?.dataset.title;
    if (image) {
      this.fold("image", image);
    }
    const cpu = value("kf-cpu");
    const memory = value("kf-memory");
    if (cpu && memory) {
      this.fold("size", `${cpu} CPU · ${binary(memory)}`);
    }
    const kind = value("kf-workspace-kind");
    if (kind) {
      const disk = {
        new: `${binary(value("kf-workspace-size"))}, new`,
        existing: value("kf-workspace-name"),
      };
      this.fold("workspace", disk[kind] ?? "none");
    }
    const vendor = find("kf-gpu-vendor");
    if (vendor) {
      this.fold(
        "gpu",
        vendor.value === "none"
          ? "none"
          : `${value("kf-gpu-count") || 1} × ${vendor.selectedOptions[0].text}`,
      );
    }
    const names = [
      ...this.$root.querySelectorAll('#kf-volumes input[name$=".name"]'),
    ];
    if (find("kf-volumes")) {
      const filled = names.map((name) => name.value.trim()).filter(Boolean);
      this.fold("dataVolumes", filled.join(", ") || "none");
    }
    const shm = find("kf-shm");
    if (shm) {
      this.fold("shm", shm.checked ? "on" : "off");
    }
    this.image = shown("image");
    this.size = shown("size");
    this.workspace = `${shown("workspace")} workspace`;
  },
}));

Alpine.start();
