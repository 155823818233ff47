// A module in V8: node --no-liftoff v8.mjs FILE COUNT
import { readFileSync } from "node:fs";

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
console.log(new WebAssembly.Instance(module).exports.run(Number(process.argv[3])));
