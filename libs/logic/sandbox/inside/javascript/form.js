// Parameters and forms as axios writes them: `a[]=1` for lists, nested names in brackets, nothing for null.
(function (host) {
  "use strict";
  const isHolder = (value) => Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";

  function textOf(value) {
    return value instanceof Date ? value.toISOString() : String(value);
  }

  // How an element of a list is named: `[]` behind the list's name unless asked for `[0]`, or for nothing.
  function named(name, at, indexes) {
    const bare = name.replace(/\[\]$/, "");
    if (indexes === true) return `${bare}[${at}]`;
    return indexes === null ? bare : `${bare}[]`;
  }

  function collect(name, value, pairs) {
    if (value == null) return;
    if (!isHolder(value)) pairs.push([name, textOf(value)]);
    else for (const key of Object.keys(value)) collect(`${name}[${key}]`, value[key], pairs);
  }

  function pairsOf(values, indexes) {
    const pairs = [];
    for (const [name, value] of Object.entries(values)) {
      if (Array.isArray(value) && (name.endsWith("[]") || !value.some(isHolder))) {
        value.forEach((element, at) => element == null || pairs.push([named(name, at, indexes), textOf(element)]));
      } else if (name.endsWith("{}") && isHolder(value)) pairs.push([name.slice(0, -2), host.toText(value)]);
      else collect(name, value, pairs);
    }
    return pairs;
  }

  const quoted = (text) => encodeURIComponent(text.toWellFormed()).replace(/%20/g, "+");
  const readable = (text) => quoted(text).replace(/%3A/g, ":").replace(/%24/g, "$").replace(/%2C/g, ",");
  const written = (pairs, quote) => pairs.map(([name, value]) => `${quote(name)}=${quote(value)}`).join("&");
  const isParams = (values) => Boolean(globalThis.URLSearchParams) && values instanceof URLSearchParams;

  host.form = (values) => (isParams(values) ? values.toString() : written(pairsOf(values, false), quoted));

  // Parameters as text, in the author's own way if there is one.
  host.query = (params, serializer) => {
    const serialize = typeof serializer === "function" ? serializer : serializer?.serialize;
    if (serialize) return String(serialize(params, serializer));
    return isParams(params)
      ? params.toString()
      : written(pairsOf(params, serializer?.indexes), serializer?.encode ?? readable);
  };
})
