// v8.mjs: a WASI program in V8. Its last line on standard error is the CPU time of the program in
// seconds, without the start of Node and the compilation.
//   node --no-liftoff --no-wasm-lazy-compilation v8.mjs MODULE.wasm
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const wasi = new WASI({ version: 'preview1', returnOnExit: true });
const module = new WebAssembly.Module(fs.readFileSync(process.argv[2]));
const instance = new WebAssembly.Instance(module, wasi.getImportObject());
const before = process.cpuUsage();
const status = wasi.start(instance);
const { user, system } = process.cpuUsage(before);

console.error((user + system) / 1e6);
process.exitCode = status;
