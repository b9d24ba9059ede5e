// Making elements and putting them in place.

/**
 * `h("p", {class: "small"}, "text", node)`: `class` and names with a dash are attributes, other names
 * properties; a child that is false or nothing is left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class" || name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== false && child != null));
  return element;
}

/** A disc with the first letter of a name, in a colour that is always the same for one id. */
export function paintAvatar(element, id, name) {
  let hue = 0;
  for (const char of id) hue = (hue * 31 + char.codePointAt(0)) % 360;
  element.style.setProperty("--hue", hue);
  element.textContent = [...name.trim()][0]?.toUpperCase() ?? "?";
  return element;
}

/** Makes `nodes` the children of `parent` and touches only those that are new, gone or moved. */
export function place(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const node of nodes) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}
