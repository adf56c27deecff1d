// Evaluates expressions with JSONata's reference implementation: a line of JSON in, a line of JSON out.
const jsonata = require("jsonata");
const lines = require("node:readline").createInterface({ input: process.stdin });

const UNWRITABLE = { unwritable: true };

function written(value) {
  let unwritable = false;
  const text = JSON.stringify(value, (name, member) => {
    const isFunction = typeof member === "function" || member?._jsonata_function || member?._jsonata_lambda;
    unwritable ||= isFunction || (typeof member === "number" && !Number.isFinite(member));
    return isFunction ? null : member;
  });
  return unwritable ? UNWRITABLE : { value: text === undefined ? null : JSON.parse(text) };
}

async function outcome({ text, source }) {
  try {
    return written(await jsonata(text).evaluate(source));
  } catch (error) {
    return { code: String(error.code) };
  }
}

(async () => {
  for await (const line of lines) console.log(JSON.stringify(await outcome(JSON.parse(line))));
})();
