// The page of the development mailbox. Whatever comes out of a message is set as text, but for the mail's HTML, which goes into
// a frame that runs no scripts.

const pollEvery = 1000; // milliseconds
const prefix = document.body.dataset.prefix;
const $ = (id) => document.getElementById(id);

const icons = {
  email: "M2.5 5h15v10.5h-15zM2.5 5.5l7.5 5.5 7.5-5.5",
  sms: "M3 4h14v9.5H9L5.5 16.5v-3H3z",
};
const templateNames = {
  "email-verify": "Verify address",
  "email-confirm-change": "Change address",
  "password-reset": "Reset password",
  "signin-passwordless": "Magic link",
  "signin-otp": "One-time code",
  "signin-passwordless-sms": "SMS code",
};

let messages = [];
let tag = "";
let loaded = false;
let shownId = "";
const read = new Set();

// --- what the server has

async function poll() {
  try {
    const response = await fetch(`${prefix}/messages`, { headers: tag ? { "If-None-Match": tag } : {} });
    if (response.status === 200) {
      receive(await response.json());
      tag = response.headers.get("ETag") ?? "";
    } else if (response.status !== 304) {
      throw new Error(`status ${response.status}`);
    }
    setStatus("live", "Live");
  } catch {
    setStatus("away", "Not connected");
  }
}

async function pollForever() {
  await poll();
  setTimeout(pollForever, pollEvery);
}

function setStatus(state, text) {
  const status = $("status");
  if (status.dataset.state === state) return;
  status.dataset.state = state;
  status.textContent = text;
}

function receive(received) {
  const known = new Set(messages.map((m) => m.id));
  const fresh = received.filter((m) => !known.has(m.id));
  if (!loaded) fresh.forEach((m) => read.add(m.id));
  if (loaded && fresh.length === 1) $("announcer").textContent = `New ${fresh[0].kind === "sms" ? "SMS" : "mail"} to ${fresh[0].to}`;
  if (loaded && fresh.length > 1) $("announcer").textContent = `${fresh.length} new messages`;
  loaded = true;
  messages = received;
  render();
}

async function empty() {
  try {
    await fetch(`${prefix}/messages`, { method: "DELETE" });
  } finally {
    location.hash = "";
    await poll();
  }
}

// --- the list

function render() {
  renderDetail();
  renderList();
  const unread = messages.filter((m) => !read.has(m.id)).length;
  document.title = unread ? `(${unread}) Mailbox` : "Mailbox";
}

function renderList() {
  const wanted = $("filter").value.trim().toLowerCase();
  const found = messages.filter((m) => `${m.to}\n${titleOf(m)}\n${m.template}`.toLowerCase().includes(wanted));
  const focused = document.activeElement?.dataset?.id;
  $("messages").replaceChildren(...found.map(listItem));
  if (focused) document.querySelector(`#messages a[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  $("count").textContent = wanted ? `${found.length} of ${messages.length}` : `${messages.length}`;
  $("nothing-found").hidden = !wanted || found.length > 0;
  $("empty").disabled = messages.length === 0;
  document.body.toggleAttribute("data-empty", messages.length === 0);
}

function listItem(message) {
  const item = $("item").content.cloneNode(true);
  const anchor = item.querySelector("a");
  anchor.href = `#${encodeURIComponent(message.id)}`;
  Object.assign(anchor.dataset, { id: message.id, kind: message.kind, to: message.to, template: message.template });
  if (message.id === shownId) anchor.setAttribute("aria-current", "true");
  if (!read.has(message.id)) anchor.dataset.unread = "";
  item.querySelector("path").setAttribute("d", icons[message.kind]);
  item.querySelector(".who").textContent = message.to;
  item.querySelector(".what").textContent = titleOf(message);
  item.querySelector(".tag").textContent = templateNames[message.template] ?? message.template;
  setTime(item.querySelector("time"), message.receivedAt, true);
  return item;
}

function titleOf(message) {
  if (message.kind === "sms") return message.text;
  return message.subject || "(no subject)";
}

function setTime(element, value, brief) {
  const date = new Date(value);
  const today = date.toDateString() === new Date().toDateString();
  const style = brief && today ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: brief ? "short" : "medium" };
  element.dateTime = value;
  element.textContent = new Intl.DateTimeFormat(undefined, style).format(date);
  element.title = date.toISOString();
}

// --- one message

function renderDetail() {
  const id = decodeURIComponent(location.hash.slice(1));
  const message = messages.find((m) => m.id === id);
  $("message").hidden = !message;
  $("blank").hidden = Boolean(message);
  document.body.dataset.view = message ? "detail" : "list";
  if (!message) {
    shownId = "";
    showFrame("");
    $("blank-title").textContent = messages.length ? "Choose a message" : "No messages yet";
    return;
  }
  if (message.id === shownId) return;
  shownId = message.id;
  read.add(message.id);
  show(message);
}

function show(message) {
  const sms = message.kind === "sms";
  $("message").dataset.kind = message.kind;
  $("subject").textContent = sms ? "SMS" : titleOf(message);
  $("to").textContent = message.to;
  $("template").textContent = message.template;
  $("locale").textContent = message.locale || "–";
  setTime($("received"), message.receivedAt, false);
  showActions(message);
  $("text").textContent = message.text;
  $("headers").replaceChildren(...Object.keys(message.headers).sort().map((name) => headerRow(name, message.headers[name])));
  const mail = frameContent(message.html);
  $("blocked").hidden = !mail.blocked;
  showFrame(mail.html);
  $("tabs").hidden = sms;
  selectTab(sms || !message.html ? "text" : "html");
}

// showActions offers the link, or else the code. A link that is neither http nor https is shown but cannot be opened.
function showActions(message) {
  const code = message.link ? "" : message.ticket;
  $("act-code").hidden = !code;
  $("code").textContent = code;
  $("act-link").hidden = !message.link;
  $("link").textContent = message.link;
  const openable = isWebLink(message.link);
  $("open-link").hidden = !openable;
  if (openable) $("open-link").href = message.link;
  else $("open-link").removeAttribute("href");
}

function isWebLink(link) {
  return URL.canParse(link) && ["http:", "https:"].includes(new URL(link).protocol);
}

function headerRow(name, value) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  const cell = document.createElement("td");
  cell.dataset.header = name;
  cell.textContent = value;
  row.append(head, cell);
  return row;
}

// frameContent makes every link of a mail open in a tab of its own, and those that are no links to anywhere dead. That the mail
// can do nothing is not for this to ensure: the frame's sandbox and the page's policy see to it.
function frameContent(html) {
  if (!html) return { html: "", blocked: false };
  const mail = new DOMParser().parseFromString(html, "text/html");
  for (const element of mail.querySelectorAll("*")) {
    for (const name of ["href", "xlink:href"]) {
      if (element.hasAttribute(name) && !isMailLink(element.getAttribute(name))) element.removeAttribute(name);
    }
    if (element.matches("a, area")) {
      element.setAttribute("target", "_blank");
      element.setAttribute("rel", "noopener noreferrer");
    }
  }
  const blocked = [...mail.images].some((image) => /^(https?:)?\/\//i.test(image.getAttribute("src") ?? ""));
  return { html: `<!doctype html>${mail.documentElement.outerHTML}`, blocked };
}

// showFrame takes a new frame every time: another document in the old one would be a step of the browser's Back button.
function showFrame(html) {
  const frame = $("html").cloneNode();
  frame.srcdoc = html;
  $("html").replaceWith(frame);
}

function isMailLink(link) {
  return isWebLink(link) || (URL.canParse(link) && ["mailto:", "tel:"].includes(new URL(link).protocol));
}

// --- tabs, as in the ARIA Authoring Practices

const tabs = ["html", "text", "headers"];

function selectTab(selected) {
  for (const name of tabs) {
    $(`tab-${name}`).setAttribute("aria-selected", String(name === selected));
    $(`tab-${name}`).tabIndex = name === selected ? 0 : -1;
    $(`panel-${name}`).hidden = name !== selected;
  }
}

function moveTab(event) {
  const at = tabs.findIndex((name) => $(`tab-${name}`) === document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  const name = tabs[(to + tabs.length) % tabs.length];
  selectTab(name);
  $(`tab-${name}`).focus();
}

// --- buttons

async function copy(button, text) {
  const label = (button.dataset.label ??= button.textContent);
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying failed";
  }
  setTimeout(() => (button.textContent = label), 1500);
}

for (const name of tabs) $(`tab-${name}`).addEventListener("click", () => selectTab(name));
$("tabs").addEventListener("keydown", moveTab);
$("copy-code").addEventListener("click", () => copy($("copy-code"), $("code").textContent));
$("copy-link").addEventListener("click", () => copy($("copy-link"), $("link").textContent));
$("empty").addEventListener("click", empty);
$("filter").addEventListener("input", renderList);
document.querySelector("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  $("detail").focus();
});
addEventListener("hashchange", () => {
  render();
  scrollTo(0, 0);
});
pollForever();
