"use strict";
/// What the scripts of all pages use.
const llams = {
  element: (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  },
  /// A property of the page's style, which depends on the colour scheme.
  style: name => getComputedStyle(document.documentElement).getPropertyValue(name).trim(),
};
