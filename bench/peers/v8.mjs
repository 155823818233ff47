// v8.mjs: a fresh instance in V8: of a module that is compiled, in the same isolate, in a new
// context, or in a new isolate.
//   node v8.mjs COUNT instance|context|isolate MODULE.wasm FUNCTION [I32...]
import fs from 'node:fs';
import vm from 'node:vm';
import { Worker, isMainThread, workerData, parentPort } from 'node:worker_threads';

function imports(module) {
  const object = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (object[from] ??= {})[name] = () => { throw new Error(`call of ${from}.${name}`); };
  return object;
}

const run = ({ module, name, values }) =>
  new WebAssembly.Instance(module, imports(module)).exports[name](...values);

function report(times) {
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.ceil(part * times.length) - 1];
  console.log([times[0], at(0.5), at(0.99), at(0.999), at(1)].map(Math.round).join('\t'));
}

const elapsed = (start) => Number(process.hrtime.bigint() - start);

function instances(count, { module, name, values }) {
  const object = imports(module);
  const times = new Float64Array(count);
  for (let i = -Math.floor(count / 10); i < count; i++) {
    const start = process.hrtime.bigint();
    new WebAssembly.Instance(module, object).exports[name](...values);
    if (i >= 0) times[i] = elapsed(start);
  }
  report(times);
}

function contexts(count, { module, name, values }) {
  const script = new vm.Script(
    'new WebAssembly.Instance(module, imports).exports[name](...values)');
  const object = imports(module);
  const times = new Float64Array(count);
  for (let i = -Math.floor(count / 10); i < count; i++) {
    const start = process.hrtime.bigint();
    script.runInContext(vm.createContext({ module, imports: object, name, values }));
    if (i >= 0) times[i] = elapsed(start);
  }
  report(times);
}

async function isolates(count, data) {
  const times = new Float64Array(count);
  for (let i = -Math.floor(count / 10); i < count; i++) {
    const start = process.hrtime.bigint();
    const worker = new Worker(new URL(import.meta.url), { workerData: data });
    await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (i >= 0) times[i] = elapsed(start);
    await worker.terminate();
  }
  report(times);
}

if (isMainThread) {
  const [count, kind, path, name, ...values] = process.argv.slice(2);
  const module = new WebAssembly.Module(fs.readFileSync(path));
  const data = { module, name, values: values.map(Number) };
  await { instance: instances, context: contexts, isolate: isolates }[kind](Number(count), data);
} else {
  run(workerData);
  parentPort.postMessage('done');
}
