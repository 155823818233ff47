// A WASI command in Node: node v8.mjs run FILE, or node v8.mjs serve FILE, as CGI over HTTP.
import { readFileSync, openSync, ftruncateSync } from "node:fs";
import { createServer } from "node:http";
import { WASI } from "node:wasi";

const [mode, file] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(file));

function run(options) {
  const wasi = new WASI({ version: "preview1", args: ["guest"], returnOnExit: true, ...options });
  return wasi.start(new WebAssembly.Instance(module, wasi.getImportObject()));
}

// What the guest writes goes through a file: this WASI knows descriptors only.
function answer(request, response, path) {
  const output = openSync(path, "w+");
  ftruncateSync(output);
  run({ stdout: output, env: { REQUEST_METHOD: request.method, PATH_INFO: request.url } });
  const text = readFileSync(path, "latin1");
  response.end(text.slice(text.indexOf("\r\n\r\n") + 4));
}

if (mode === "run") {
  process.exitCode = run({});
} else {
  const path = `${process.env.WORK ?? "/tmp"}/v8-output`;
  const server = createServer((request, response) => answer(request, response, path));
  server.listen(0, "127.0.0.1", () => {
    console.log(`serving on http://127.0.0.1:${server.address().port}/`);
  });
}
