// `$.axios`: the calls, settings, responses and errors that service authors use of axios.
(function (host) {
  const FORM = "application/x-www-form-urlencoded";

  function address({ url = "", baseURL, params }) {
    if (baseURL && !/^([a-z][a-z\d+.-]*:)?\/\//i.test(url)) {
      url = url ? baseURL.replace(/\/+$/, "") + "/" + url.replace(/^\/+/, "") : baseURL;
    }
    const query = params ? host.form(params) : "";
    if (query) url = url.split("#")[0] + (url.includes("?") ? "&" : "?") + query;
    return url;
  }

  function body(data, headers) {
    const type = headers["content-type"] ?? "";
    if (data == null || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) return host.encoded(data);
    const params = globalThis.URLSearchParams && data instanceof URLSearchParams;
    if (typeof data === "object" && !params && !type.includes(FORM)) {
      headers["content-type"] ??= "application/json";
      return { text: host.toText(data) };
    }
    headers["content-type"] ??= FORM;
    return { text: typeof data === "object" ? host.form(data) : String(data) };
  }

  function request(config) {
    const { auth, timeout, data } = config;
    const headers = { accept: "application/json, text/plain, */*", ...host.lowered(config.headers) };
    if (auth) headers.authorization = "Basic " + host.utf8(`${auth.username ?? ""}:${auth.password ?? ""}`).toBase64();
    const method = (config.method ?? "get").toUpperCase();
    return { method, url: address(config), ...body(data, headers), headers, timeout };
  }

  function content(answer, type) {
    if (type === "arraybuffer") return host.bytes(answer);
    if (type === "text") return answer.text;
    try {
      return JSON.parse(answer.text);
    } catch {
      return answer.text;
    }
  }

  function failed(error, code, message, config, response) {
    const request = {};
    return Object.assign(error, { name: "AxiosError", isAxiosError: true, code, message, config, request }, response);
  }

  async function send(config) {
    const error = new Error("");
    let answer;
    try {
      answer = await host.call(request(config));
    } catch (cause) {
      if (!(host.fault in cause)) throw cause;
      throw failed(cause, cause.code === "timeout" ? "ECONNABORTED" : "ERR_NETWORK", cause.message, config);
    }
    const { status, statusText, headers } = answer;
    const data = content(answer, config.responseType);
    const response = { data, status, statusText, headers, config, request: {} };
    const valid = config.validateStatus ?? ((status) => status >= 200 && status < 300);
    if (config.validateStatus === null || valid(status)) return response;
    const code = status < 500 ? "ERR_BAD_REQUEST" : "ERR_BAD_RESPONSE";
    throw failed(error, code, `Request failed with status code ${status}`, config, { response, status });
  }

  function create(defaults) {
    const axios = (url, config) => axios.request(typeof url === "string" ? { ...config, url } : url);
    axios.defaults = { ...defaults };
    axios.request = (config) => {
      const headers = { ...host.lowered(axios.defaults.headers), ...host.lowered(config.headers) };
      return send({ ...axios.defaults, ...config, headers });
    };
    for (const method of ["get", "delete", "head", "options"]) {
      axios[method] = (url, config) => axios.request({ ...config, method, url });
    }
    for (const method of ["post", "put", "patch"]) {
      axios[method] = (url, data, config) => axios.request({ ...config, method, url, data });
    }
    axios.create = (config) => create({ ...axios.defaults, ...config });
    axios.isAxiosError = (error) => error?.isAxiosError === true;
    return axios;
  }

  (globalThis.$ ??= {}).axios = create();
})
