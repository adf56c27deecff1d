// `$.axios`: the calls, settings, responses and errors that service authors use of axios.
(function (host) {
  "use strict";
  const FORM = "application/x-www-form-urlencoded";
  const READABLE = [undefined, null, "", "json", "text", "arraybuffer"];
  const { Headers, Interceptors } = host.axiosParts;

  class AxiosError extends Error {
    constructor(message, code, config, request, response) {
      super(message);
      fill(this, code, message, config, request, response);
    }

    toJSON() {
      const { message, name, stack, code, status } = this;
      return { message, name, stack, config: this.config, code, status };
    }
  }
  Object.defineProperty(AxiosError.prototype, "isAxiosError", { value: true });

  function fill(error, code, message, config, request, response) {
    Object.defineProperty(error, "message", { value: message, writable: true, configurable: true });
    const told = { code, config, request, response, status: response?.status };
    for (const name in told) if (told[name] !== undefined) error[name] = told[name];
    error.name = "AxiosError";
    return error;
  }

  function address({ url = "", baseURL, params, paramsSerializer }) {
    let complete = String(url);
    if (baseURL && !/^([a-z][a-z\d+.-]*:)?\/\//i.test(complete)) {
      complete = complete ? baseURL.replace(/\/+$/, "") + "/" + complete.replace(/^\/+/, "") : baseURL;
    }
    const query = params ? host.query(params, paramsSerializer) : "";
    if (!query) return complete;
    return complete.split("#")[0] + (complete.includes("?") ? "&" : "?") + query;
  }

  const isBytes = (data) => data instanceof ArrayBuffer || ArrayBuffer.isView(data);

  function writeData(data, headers) {
    const type = headers.get("content-type") ?? "";
    if (data == null || isBytes(data)) return data;
    if (globalThis.URLSearchParams && data instanceof URLSearchParams) {
      headers.set("content-type", `${FORM};charset=utf-8`, false);
      return data.toString();
    }
    if (typeof data !== "object") return type.includes("application/json") ? jsonText(data) : data;
    if (type.includes("multipart/form-data")) throw new TypeError("axios: multipart/form-data is not supported here");
    if (type.includes(FORM)) return host.form(data);
    headers.set("content-type", "application/json", false);
    return host.toText(data);
  }

  // Text that is JSON already goes as it is, other text as a JSON string.
  function jsonText(data) {
    try {
      JSON.parse(data);
      return data;
    } catch {
      return host.toText(data);
    }
  }

  function readData(data) {
    if (typeof data !== "string" || !data || (this?.responseType && this.responseType !== "json")) return data;
    try {
      return JSON.parse(data);
    } catch {
      return data;
    }
  }

  const transformed = (change, data, config, headers, status) =>
    [change ?? []].flat().reduce((value, step) => step.call(config, value, headers, status), data);

  function request(config) {
    const { auth, timeout, maxRedirects } = config;
    if (!READABLE.includes(config.responseType)) {
      throw new TypeError(
        `axios: the responseType ${config.responseType} is not supported, only json, text and arraybuffer`,
      );
    }
    const data = transformed(config.transformRequest, config.data, config, config.headers);
    const headers = new Headers(config.headers);
    if (auth)
      headers.set("authorization", `Basic ${host.utf8(`${auth.username ?? ""}:${auth.password ?? ""}`).toBase64()}`);
    const method = String(config.method).toUpperCase();
    if (data != null && ["POST", "PUT", "PATCH"].includes(method)) headers.set("content-type", FORM, false);
    return { method, url: address(config), ...host.encoded(data), headers, timeout, maxRedirects };
  }

  function content(answer, type) {
    if (type !== "arraybuffer") return answer.text;
    const bytes = host.bytes(answer);
    return globalThis.Buffer ? Buffer.from(bytes) : bytes;
  }

  // What the host couldn't do, as axios tells of it.
  function unanswered(error, cause, config) {
    if (config.signal?.aborted) {
      fill(error, "ERR_CANCELED", "canceled", config, {}).name = "CanceledError";
      return Object.defineProperty(error, "__CANCEL__", { value: true });
    }
    if (cause?.[host.fault] === undefined) return cause;
    const late = cause.code === "timeout";
    const message = late && config.timeout ? `timeout of ${config.timeout}ms exceeded` : cause.message;
    return host.marked(fill(error, late ? "ECONNABORTED" : "ERR_NETWORK", message, config, {}), cause[host.fault]);
  }

  async function send(config, error) {
    let answer;
    try {
      answer = await host.call(request(config), config.signal);
    } catch (cause) {
      throw unanswered(error, cause, config);
    }
    const { status, statusText } = answer;
    const headers = new Headers(answer.headers);
    const response = { data: content(answer, config.responseType), status, statusText, headers, config, request: {} };
    response.data = transformed(config.transformResponse, response.data, config, headers, status);
    if (!config.validateStatus || config.validateStatus(status)) return response;
    const code = status < 500 ? "ERR_BAD_REQUEST" : "ERR_BAD_RESPONSE";
    throw fill(error, code, `Request failed with status code ${status}`, config, response.request, response);
  }

  const standard = () => ({
    headers: {
      common: { Accept: "application/json, text/plain, */*" },
      get: {},
      delete: {},
      head: {},
      options: {},
      post: {},
      put: {},
      patch: {},
    },
    timeout: 0,
    transformRequest: [writeData],
    transformResponse: [readData],
    validateStatus: (status) => status >= 200 && status < 300,
  });

  const isPlain = (value) =>
    value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;

  function joined(defaults, config = {}) {
    const made = { ...defaults, ...config };
    for (const name of ["params", "auth"]) {
      if (isPlain(defaults[name]) && isPlain(config[name])) made[name] = { ...defaults[name], ...config[name] };
    }
    return made;
  }

  // The defaults' headers for all methods and for this one, then the request's own.
  function headersFor(defaults = {}, method = "get", given = {}) {
    const made = new Headers(defaults.common);
    made.add(defaults[String(method).toLowerCase()]);
    for (const name of Object.keys(defaults)) if (!isPlain(defaults[name])) made.set(name, defaults[name]);
    return made.add(given);
  }

  function joinedHeaders(defaults = {}, given = {}) {
    const made = { ...defaults, ...given };
    for (const name of Object.keys(made)) {
      if (isPlain(made[name])) made[name] = { ...defaults[name], ...given[name] };
    }
    return made;
  }

  function create(defaults) {
    const axios = (url, config) => axios.request(url, config);
    const interceptors = { request: new Interceptors(), response: new Interceptors() };
    axios.defaults = defaults;
    axios.interceptors = interceptors;
    axios.request = (target, more) => {
      const given = typeof target === "object" ? target : { ...more, url: target };
      const config = joined(axios.defaults, given);
      config.method = String(config.method ?? "get").toLowerCase();
      config.headers = headersFor(axios.defaults.headers, config.method, given.headers);
      const error = new AxiosError("");
      const before = interceptors.request
        .list()
        .filter(({ applies }) => !applies || applies(config))
        .reverse();
      const after = interceptors.response.list();
      if (!before.length && !after.length) return send(config, error);
      const steps = [...before, { done: (changed) => send(changed, error) }, ...after];
      return steps.reduce((promise, { done, failed }) => promise.then(done, failed), Promise.resolve(config));
    };
    for (const method of ["get", "delete", "head", "options"]) {
      axios[method] = (url, config) => axios.request({ ...config, method, url });
    }
    for (const method of ["post", "put", "patch"]) {
      axios[method] = (url, data, config) => axios.request({ ...config, method, url, data });
      axios[`${method}Form`] = () => {
        throw new TypeError(`axios: ${method}Form is not supported, as multipart/form-data is not`);
      };
    }
    axios.getUri = (config) => address(joined(axios.defaults, config));
    axios.create = (config) => {
      const made = joined(axios.defaults, config);
      return create({ ...made, headers: joinedHeaders(axios.defaults.headers, config?.headers) });
    };
    axios.isAxiosError = (error) => error?.isAxiosError === true;
    axios.isCancel = (error) => error?.__CANCEL__ === true;
    axios.all = (promises) => Promise.all(promises);
    axios.spread = (callback) => (list) => callback(...list);
    return Object.assign(axios, { AxiosError, AxiosHeaders: Headers });
  }

  (globalThis.$ ??= {}).axios = create(standard());
})
