// `service` without a credential: whoever reads one of its members learns what is missing.
(function (host) {
  const { give } = host;
  host.give = (given) => {
    give(given);
    for (const member of ["token", "token_name", "url", "virtual"]) {
      Object.defineProperty(given.service, member, {
        get() {
          throw host.marked(new Error(`service.${member} needs a credential`), "credential");
        },
      });
    }
  };
})
