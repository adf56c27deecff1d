// Exceptions that stand for an error which the service knows better than their message tells.
(function (host) {
  host.fault = Symbol("fault");
  host.marked = (error, name) => Object.defineProperty(error, host.fault, { value: name });
})
