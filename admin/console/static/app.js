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
    for (const shown of root.querySelectorAll("dialog[data-once]:not([data-ready])")) once(shown);
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

  const copyable = (code) => {
    code.dataset.ready = "";
    const { copy, label } = code.dataset;
    const outer = document.createElement("span");
    const text = document.createElement("button");
    const icon = document.createElement("button");
    outer.className = "copyable";
    text.type = icon.type = "button";
    text.className = "copy-text";
    icon.className = "copy-icon";
    icon.textContent = "⧉";
    icon.setAttribute("aria-label", `Copy ${label}`);
    text.title = `Copy ${label}`;
    code.replaceWith(outer);
    text.append(code);
    outer.append(text, icon);
    const run = async () => {
      await navigator.clipboard.writeText(copy);
      icon.textContent = "✓";
      status().textContent = `Copied ${label}.`;
      setTimeout(() => { icon.textContent = "⧉"; }, 1500);
    };
    text.addEventListener("click", run);
    icon.addEventListener("click", run);
  };

  const local = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const localTime = (time) => {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = local.format(at);
  };

  const counter = (field) => {
    field.dataset.ready = "";
    const line = document.createElement("p");
    line.className = "hint";
    const show = () => { line.textContent = `${[...field.value].length} of ${field.maxLength}`; };
    field.addEventListener("input", show);
    field.after(line);
    show();
  };

  // New credentials stand in a dialog that nothing but its own buttons leaves,
  // and are gone from a page that is left.
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
  addEventListener("pagehide", () => document.querySelector("dialog[data-once]")?.remove());

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
    const show = (words) => {
      all = [...new Set(words)];
      list.hidden = all.length === 0;
      list.replaceChildren(...all.map(chip));
      box.required = required && all.length === 0;
      keep();
    };
    const take = (text) => {
      box.value = "";
      show([...all, ...split(text)]);
    };
    const chip = (word) => {
      const item = document.createElement("li");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "×";
      remove.setAttribute("aria-label", `Remove ${word}`);
      remove.addEventListener("click", () => {
        show(all.filter((other) => other !== word));
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
        show(all.slice(0, -1));
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

  // A link with data-dialog shows #confirm of the page it leads to in a dialog.
  const dialog = () => document.getElementById("dialog");

  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
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
    }
  };

  const open = () => {
    const heading = dialog().querySelector("h1, h2");
    if (heading) {
      heading.id ||= "dialog-heading";
      dialog().setAttribute("aria-labelledby", heading.id);
    }
    if (!dialog().open) dialog().showModal();
    (dialog().querySelector("[autofocus], input:not([type=hidden]), button") || dialog()).focus();
  };

  // What was typed into a dialog may be a secret: nothing of it stays.
  document.addEventListener("close", (event) => {
    if (event.target === dialog()) dialog().replaceChildren();
  }, true);

  // A form that is refused stays in its dialog.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    if (detail.xhr.status >= 400 && detail.requestConfig.elt.closest?.("#dialog")) {
      detail.target = dialog();
      detail.selectOverride = "#confirm";
      detail.swapOverride = "innerHTML";
    }
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const problems = document.getElementById("problems");
    if (problems && event.detail.target.contains(problems)) problems.focus();
    else if (event.detail.target === document.body && (!document.activeElement || document.activeElement === document.body)) {
      // A new page was swapped in: keyboard and screen reader go on there.
      (document.querySelector("main [autofocus]") || document.getElementById("main")).focus({ preventScroll: true });
    }
  });

  document.addEventListener("DOMContentLoaded", () => enhance(document));
  document.addEventListener("htmx:afterSwap", () => enhance(document)); // before it is painted: nothing jumps
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
})();
