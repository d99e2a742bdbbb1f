// The skeleton of the page: see accessible in access_test.go. Kept are the
// elements, and of each the names of its attributes, whether they and its text
// are empty, the values that decide how it looks or what it is, whether it is
// wider than its box, and whether what it refers to exists.
(() => {
  const kept = /^(class|role|type|rel|lang|scope|tabindex|autocomplete|aria-(?!label$|valuetext$|description$).*|name)$/;
  const references = /^(for|list|form|headers|aria-(labelledby|describedby|controls|owns|details|flowto|activedescendant))$/;
  const landmarks = "nav, section, aside, header, footer, main, form, [role]";
  const variable = /[a-z]{2,4}_[0-9a-z]{20,}|[0-9]+/g; // ids of records, numbers of rows
  const filled = (text) => (text.trim() ? "…" : "");

  const attribute = (element, { name, value }) => {
    if (references.test(name)) {
      return `${name}=${value.split(/\s+/).map((id) => (document.getElementById(id) ? "found" : "nowhere"))}`;
    }
    const exact = kept.test(name) || (name === "aria-label" && element.matches(landmarks));
    return `${name}=${exact ? value.replace(variable, "#") : filled(value)}`;
  };

  const shape = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return filled(node.data);
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    const state = [
      node.matches(":modal") && "modal", node.matches(":checked") && "checked", node.matches(":disabled") && "disabled",
      node.checkVisibility({ visibilityProperty: true }) || "unseen", filled(node.value?.toString() ?? "") && "has-value",
      (node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight) && "overflows",
    ].filter(Boolean);
    const children = [];
    for (const child of node.childNodes) {
      const text = shape(child);
      if (text && text !== children.at(-1)) children.push(text);
    }
    return `<${node.localName} ${[...node.attributes].map((a) => attribute(node, a)).join(" ")} ${state}>${children.join("")}</>`;
  };

  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  const repeated = ids.filter((id, i) => ids.indexOf(id) !== i);
  return `${innerWidth} ${repeated} ${shape(document.documentElement)}`;
})()
