// What the console does with script on beside what htmx does: copying, the
// local time, counters, dialogs. Everything works without it, too.
"use strict";

(() => {
  // Each enhancer is told of every piece of a page that comes in.
  const enhance = (root) => {
    for (const code of root.querySelectorAll("code[data-copy]:not([data-ready])")) copyable(code);
    for (const time of root.querySelectorAll("time:not([title])")) localTime(time);
    for (const field of root.querySelectorAll("[data-counter]:not([data-ready])")) counter(field);
    for (const field of root.querySelectorAll("[data-chips]:not([data-ready])")) chips(field);
    distinct();
    for (const side of root.querySelectorAll(".side:not([data-ready])")) centre(side);
    for (const shown of root.querySelectorAll("dialog[data-once]:not([data-ready])")) once(shown);
  };

  // On a phone the navigation is one line, which shows where one is.
  const centre = (side) => {
    side.dataset.ready = "";
    const here = side.querySelector("[aria-current]");
    if (here) side.scrollLeft = here.offsetLeft - (side.clientWidth - here.offsetWidth) / 2;
  };

  const status = () => {
    let line = document.getElementById("status");
    if (!line) {
      line = document.createElement("p");
      line.id = "status";
      line.className = "skip";
      line.setAttribute("role", "status");
    }
    const heard = document.querySelector("dialog:modal") || document.getElementById("main");
    if (line.parentNode !== heard) heard.append(line);
    return line;
  };

  // icon draws one of those of the layout; the name of a button says what it is.
  const icon = (name) => {
    const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    picture.setAttribute("class", "icon");
    picture.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `#icon-${name}`);
    picture.append(use);
    return picture;
  };

  const copyable = (code) => {
    code.dataset.ready = "";
    const { copy, label } = code.dataset;
    const outer = document.createElement("span");
    const text = document.createElement("button");
    const button = document.createElement("button");
    outer.className = "copyable";
    text.type = button.type = "button";
    text.className = "copy-text";
    button.className = "copy-icon";
    button.setAttribute("aria-label", `Copy ${label}`);
    button.append(icon("copy"));
    text.title = `Copy ${label}`;
    code.replaceWith(outer);
    text.append(code);
    outer.append(text, button);
    const run = async () => {
      await navigator.clipboard.writeText(copy);
      button.replaceChildren(icon("done"));
      status().textContent = `Copied ${label}.`;
      setTimeout(() => button.replaceChildren(icon("copy")), 1500);
    };
    text.addEventListener("click", run);
    button.addEventListener("click", run);
  };

  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const localTime = (time) => {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = local.format(at);
  };

  const counter = (field) => {
    field.dataset.ready = "";
    const line = field.nextElementSibling;
    const show = () => { line.textContent = `${[...field.value].length} of ${field.maxLength}`; };
    field.addEventListener("input", show);
    show();
  };

  // New credentials stand in a dialog that nothing but its own buttons leaves.
  const once = (shown) => {
    shown.dataset.ready = "";
    shown.removeAttribute("open");
    shown.setAttribute("closedby", "none");
    shown.addEventListener("cancel", (event) => event.preventDefault());
    shown.addEventListener("keydown", (event) => { if (event.key === "Escape") event.preventDefault(); });
    const add = shown.querySelector("[data-after-download]");
    if (add) {
      add.disabled = true;
      shown.querySelector("[data-download]").addEventListener("submit", () => { add.disabled = false; });
    }
    shown.showModal();
    shown.querySelector("h1").focus();
  };

  // What is shown once is gone when the page is left, and a page that the
  // browser had kept as it was is asked for again.
  addEventListener("pagehide", () => { for (const shown of document.querySelectorAll("[data-once]")) shown.remove(); });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  // A field of words or lines is shown as chips beside a box to type into. The
  // field goes on holding all of them, also what is still in the box.
  const chips = (field) => {
    field.dataset.ready = "";
    const divide = field.dataset.chips === "words" ? /\s+/ : /\n/;
    const split = (text) => text.split(divide).map((word) => word.trim()).filter(Boolean);
    const list = document.createElement("ul");
    const box = document.createElement("input");
    const { required } = field;
    let all = split(field.value);
    list.className = "chips";
    box.type = "text";
    box.autocomplete = "off";
    box.id = field.id;
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (field.hasAttribute(name)) box.setAttribute(name, field.getAttribute(name));
    }
    if (field.dataset.known) box.setAttribute("list", field.dataset.known);
    field.removeAttribute("id");
    field.required = false;
    field.hidden = true;

    const keep = () => { field.value = [...all, ...split(box.value)].join("\n"); };
    for (const line of field.parentNode.querySelectorAll("[data-each]")) line.textContent = "Press Enter after each.";
    const show = (words) => {
      all = [...new Set(words)];
      list.hidden = all.length === 0;
      list.replaceChildren(...all.map(chip));
      box.required = required && all.length === 0;
      keep();
    };
    // change is show, and tells the form, as typing would.
    const change = (words) => {
      show(words);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    const take = (text) => {
      box.value = "";
      change([...all, ...split(text)]);
    };
    const chip = (word) => {
      const item = document.createElement("li");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.append(icon("remove"));
      remove.setAttribute("aria-label", `Remove ${word}`);
      remove.addEventListener("click", () => {
        change(all.filter((other) => other !== word));
        box.focus();
      });
      item.append(word, remove);
      return item;
    };
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && box.value.trim() && !event.isComposing) {
        event.preventDefault();
        take(box.value);
      } else if (event.key === "Backspace" && !box.value) {
        change(all.slice(0, -1));
      }
    });
    box.addEventListener("input", (event) => {
      const ended = divide.test(box.value) || event.inputType === "insertReplacementText"; // chosen from the list
      if (ended) take(box.value);
      else keep();
    });
    box.addEventListener("paste", (event) => {
      const text = event.clipboardData.getData("text");
      if (!text.includes("\n")) return; // else the box would run the lines together
      event.preventDefault();
      take(`${box.value}\n${text}`);
    });
    field.after(list, box);
    show(all);
  };

  // The link to the set-up of an installation has its code behind the #. It goes
  // into the form and out of the address, also where there is no such form.
  const takeSetupCode = () => {
    if (!/^#([A-Z2-7]{6}-){3}[A-Z2-7]{6}$/.test(location.hash)) return;
    const code = location.hash.slice(1);
    history.replaceState(history.state, "", location.pathname + location.search);
    const field = document.querySelector("form[data-setup] [name=code]");
    if (!field) return;
    field.value = code;
    field.form.elements.organization.focus();
  };
  takeSetupCode();
  addEventListener("hashchange", takeSetupCode);

  // A link with data-dialog shows #confirm of the page it leads to in a dialog.
  const dialog = () => document.getElementById("dialog");

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      link.closest("[popover]")?.hidePopover(); // its button has the focus again, and after the dialog
      await htmx.ajax("GET", link.href, { target: "#dialog", select: "#confirm", swap: "innerHTML", push: "false" });
      dialog().classList.toggle("panel", link.dataset.dialog === "panel");
      if (dialog().querySelector("#confirm")) open();
      else location.assign(link.href); // such as where sign-in is asked for
    }
    if (event.target.closest("#dialog [data-close]")) {
      event.preventDefault();
      dialog().close();
    }
  }, true);

  // What a dialog has in common with the page behind it gets an id of its own.
  const distinct = () => {
    for (const field of dialog().querySelectorAll("[id]")) {
      const { id } = field;
      if (document.getElementById(id) === field) continue;
      field.id = `dialog-${id}`;
      for (const label of dialog().querySelectorAll(`label[for="${id}"]`)) label.htmlFor = field.id;
      for (const link of dialog().querySelectorAll(`a[href="#${id}"]`)) link.hash = field.id;
      for (const input of dialog().querySelectorAll(`input[list="${id}"]`)) input.setAttribute("list", field.id);
    }
  };

  const open = () => {
    const heading = dialog().querySelector("h1, h2");
    if (heading) {
      heading.id ||= "dialog-heading";
      dialog().setAttribute("aria-labelledby", heading.id);
    }
    if (!dialog().open) dialog().showModal();
    (dialog().querySelector("[data-autofocus], input:not([type=hidden]), button") || dialog()).focus();
  };

  // What was typed into a dialog may be a secret: nothing of it stays.
  document.addEventListener("close", (event) => {
    if (event.target === dialog()) dialog().replaceChildren();
  }, true);

  // A form that is answered with itself, refused or with another row, stays in
  // its dialog; what comes after it takes the place of all.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    if (detail.requestConfig.elt.matches?.("#dialog form") && detail.serverResponse.includes('id="confirm"')) {
      detail.target = dialog();
      detail.selectOverride = "#confirm";
      detail.swapOverride = "innerHTML";
    }
  });

  // Whose session has ended is answered with the sign-in page. What was typed
  // stays: one signs in beside it, and sends it again. A list is asked for anew.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, target, requestConfig: { verb, path, elt } } = event.detail;
    const signIn = new URL(xhr.responseURL);
    document.getElementById("trouble")?.remove();
    if (!signIn.pathname.startsWith("/console/sign-in") || !signIn.searchParams.get("next")) return;
    if (path.startsWith("/console/sign-in") || verb === "get" && (target === document.body || target === dialog())) return;
    event.preventDefault();
    const form = elt.closest("form");
    if (form?.method === "get") location.assign(signIn);
    else if (form) trouble(form, "Nothing was sent: you have to sign in again. ", beside(signIn.pathname), ", then go on here. What you typed is kept.");
    if (elt === form) document.querySelector("#trouble a")?.focus();
  });
  document.addEventListener("htmx:sendError", ({ detail: { requestConfig: { elt } } }) => {
    trouble(elt.closest("form"), "The server did not answer. Nothing that you typed is lost: try again.");
  });

  const beside = (path) => {
    const link = document.createElement("a");
    link.href = path;
    link.target = "_blank";
    link.textContent = "Sign in in another tab";
    return link;
  };

  // trouble says above a form, or at the top, why nothing came of it.
  const trouble = (form, ...what) => {
    document.getElementById("trouble")?.remove();
    const line = document.createElement("p");
    line.id = "trouble";
    line.className = "problems";
    line.setAttribute("role", "alert");
    line.append(...what);
    if (form) form.before(line);
    else document.getElementById("main").prepend(line);
  };

  document.addEventListener("htmx:afterSettle", (event) => {
    const problems = document.getElementById("problems");
    if (problems && event.detail.target.contains(problems)) problems.focus();
    else if (event.detail.target === document.body && (!document.activeElement || document.activeElement === document.body)) {
      // A new page was swapped in: keyboard and screen reader go on there.
      (document.querySelector("main [data-autofocus]") || document.getElementById("main")).focus({ preventScroll: true });
    }
  });

  // Filters that are not set stay out of the address.
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    if (detail.verb !== "get") return;
    for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name);
  });

  // Another page begins at its top, as if it were loaded. The same one, with
  // which a form is answered, stays where it is, unless it says what was done.
  let shown = location.href;
  document.addEventListener("htmx:afterSettle", (event) => {
    const whole = event.detail.target === document.body;
    if (whole && (location.href !== shown || document.querySelector(".notice"))) scrollTo({ top: 0, behavior: "instant" });
    shown = location.href;
  });

  // Not the attribute autofocus: browsers heed it once in the life of a page,
  // and complain where htmx was quicker.
  document.addEventListener("DOMContentLoaded", () => {
    enhance(document);
    if (document.activeElement === document.body) document.querySelector("main [data-autofocus]")?.focus();
  });
  document.addEventListener("htmx:afterSwap", () => enhance(document)); // before it is painted: nothing jumps
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
})();
