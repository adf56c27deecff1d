// Parameters and forms as axios writes them: nested names in brackets, lists as `name[]`, nothing for null.
(function (host) {
  "use strict";

  function collect(name, value, pairs) {
    if (value == null) return;
    if (value instanceof Date) pairs.push([name, value.toISOString()]);
    else if (Array.isArray(value)) {
      value.forEach((element, at) => collect(typeof element === "object" ? `${name}[${at}]` : `${name}[]`, element, pairs));
    } else if (typeof value === "object") {
      for (const key of Object.keys(value)) collect(`${name}[${key}]`, value[key], pairs);
    } else pairs.push([name, String(value)]);
  }

  function quoted(text) {
    return encodeURIComponent(text.toWellFormed()).replace(/%20/g, "+");
  }

  host.form = function (values) {
    if (globalThis.URLSearchParams && values instanceof URLSearchParams) return values.toString();
    const pairs = [];
    for (const name of Object.keys(values)) collect(name, values[name], pairs);
    return pairs.map(([name, value]) => `${quoted(name)}=${quoted(value)}`).join("&");
  };
})
