// The page of a notebook that is starting: its steps as they are reached, what holds it up, and where it leads.
// The server says all of it in an event stream (JupyterHub's), so that nothing is asked for in intervals.
const find = (id) => document.getElementById(id);
const WORDS = {
  waiting: ["○", "waiting"],
  now: ["●", "now"],
  done: ["✓", "done"],
  failed: ["✕", "failed"],
};

function seconds(value) {
  if (value === null || value === undefined) {
    return "";
  }
  return value < 60
    ? `${value.toFixed(1)} s`
    : `${Math.floor(value / 60)} m ${Math.round(value % 60)} s`;
}

function drawSteps(steps) {
  const list = find("kf-steps");
  list.replaceChildren(
    ...steps.map((step) => {
      const [sign, word] = WORDS[step.state] ?? WORDS.waiting;
      const item = document.createElement("li");
      item.className = `kf-step kf-step-${step.state}`;
      const mark = document.createElement("span");
      mark.className = "kf-mark";
      mark.textContent = sign;
      mark.setAttribute("aria-hidden", "true");
      const state = document.createElement("span");
      state.className = "visually-hidden";
      state.textContent = `${word}: `;
      const text = document.createElement("span");
      text.className = "kf-text";
      text.textContent = step.text;
      const took = document.createElement("span");
      took.className = "kf-took";
      took.textContent = seconds(step.seconds);
      item.append(mark, state, text, took);
      return item;
    }),
  );
  list.hidden = false;
}

function write(text) {
  const line = document.createElement("div");
  line.className = "progress-log-event";
  line.textContent = text;
  find("progress-log").append(line);
}

// One line for a screen reader and for everyone: what happens now.
function say(text) {
  const message = find("progress-message");
  if (message.textContent !== text) {
    message.textContent = text;
  }
}

function fill(percent, failed) {
  const bar = find("progress-bar");
  bar.setAttribute("aria-valuenow", String(percent));
  bar.style.width = `${percent}%`;
  bar.classList.toggle("bg-danger", failed);
  find("sr-progress").textContent = `${percent}%`;
}

function fail(event) {
  fill(100, true);
  const alert = find("kf-failure");
  // the hub escapes what it sends as HTML
  if (event.html_message) {
    alert.querySelector("div").innerHTML = event.html_message;
  } else {
    alert.querySelector("div").textContent = event.message.replace(
      /^Spawn failed: /,
      "",
    );
  }
  alert.hidden = false;
  for (const item of document.querySelectorAll(".kf-step-now")) {
    item.className = "kf-step kf-step-failed";
    item.querySelector(".kf-mark").textContent = WORDS.failed[0];
  }
  find("kf-title").textContent = "Your notebook did not start";
  say("");
  find("kf-lead").hidden = true;
  find("stop-server-btn").hidden = true;
  alert.focus();
}

function follow(root) {
  const source = new EventSource(root.dataset.progress);
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (event.steps) {
      drawSteps(event.steps);
    }
    if (event.progress !== undefined) {
      fill(event.progress, false);
    }
    if (event.failed) {
      source.close();
      fail(event);
      return;
    }
    if (event.ready) {
      source.close();
      window.location.reload();
      return;
    }
    if (event.message) {
      say(event.message);
      write(event.message);
    }
  };
}

function stopButton(root) {
  const button = find("stop-server-btn");
  const status = find("stop-server-status");
  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = "Stopping…";
    const answer = await fetch(root.dataset.stop, {
      method: "DELETE",
      headers: { "X-XSRFToken": root.dataset.xsrf },
    });
    status.hidden = false;
    if (answer.ok) {
      status.textContent = "The notebook is being stopped.";
      window.location.assign(root.dataset.home);
      return;
    }
    const body = await answer.json().catch(() => ({}));
    status.textContent = `It can't be stopped yet: ${body.message ?? answer.status}`;
    button.disabled = false;
    button.textContent = "Stop";
  });
}

const root = find("kf-progress");
follow(root);
stopButton(root);
window._jupyterhub_page_loaded = true;
