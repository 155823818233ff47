// v8.mjs: the same for V8, as a server: modules come in on the descriptors named on the command
// line, transcripts (tests/fuzz/transcript.h) go back.
//   request: length u32, module; answer: records u32, then tag u8 and value u64 of each, text
import net from 'node:net';
import zlib from 'node:zlib';

const LIMIT = 3000;
// Numbers of abi/traps.def.
const TRAPS = [
	[/^unreachable/, 1],
	[/^memory access out of bounds/, 2],
	[/data segment .*out of bounds/, 2],
	[/^table index is out of bounds|^table access out of bounds|^element segment/, 3],
	[/^table initializer|table .*out of bounds/, 3],
	[/^(null function or )?function signature mismatch|^indirect call signature mismatch/, 6],
	[/^divide by zero|^remainder by zero/, 7],
	[/^divide result unrepresentable|^float unrepresentable/, 8],
	[/^Maximum call stack/, 10],
	[/unaligned accesses/, 16],
	[/^Atomics.wait cannot be called/, 17],
	[/^array element access out of bounds|^requested new array is too large/, 25],
	[/^illegal cast/, 26],
	[/^dereferencing a null pointer|^rethrowing null value/, 11],
];

let count, bytes, view, why;
const float = new DataView(new ArrayBuffer(8));

function add(tag, value) {
	if (count < LIMIT) {
		const at = 4 + 9 * count;
		bytes[at] = tag.charCodeAt(0);
		view.setBigUint64(at + 1, BigInt.asUintN(64, value), true);
	}
	count++;
}

const host = {
	i: (x) => add('i', BigInt(x >>> 0)),
	I: (x) => add('I', x),
	f: (x) => {
		float.setFloat32(0, x);
		add('f', Number.isNaN(x) ? 0x7fc00000n : BigInt(float.getUint32(0)));
	},
	F: (x) => {
		float.setFloat64(0, x);
		add('F', Number.isNaN(x) ? 0x7ff8000000000000n : float.getBigUint64(0));
	},
	mix: (x) => {
		add('x', BigInt(x >>> 0));
		return Math.imul(x, 0x9e3779b1) ^ (x >>> 15);
	},
};

function trap(error) {
	if (error instanceof WebAssembly.Exception) return add('T', 20n);
	const text = String(error.message);
	const row = TRAPS.find(([pattern]) => pattern.test(text));
	if (row) return add('T', BigInt(row[1]));
	add('C', 0n);
	why = `${error.name}: ${text}`;
}

function call(f, number) {
	try {
		f();
		add('R', BigInt(number));
	} catch (error) {
		trap(error);
	}
}

function run(module) {
	count = 0;
	why = '';
	let exports;
	try {
		exports = new WebAssembly.Instance(new WebAssembly.Module(module), { h: host }).exports;
	} catch (error) {
		return trap(error);
	}
	const memories = [];
	while (exports[`m${memories.length}`]) memories.push(exports[`m${memories.length}`]);
	for (let i = 0; exports[`c${i}`]; i++) {
		call(exports[`c${i}`], i);
		call(exports.o, i);
		for (const memory of memories) {
			const data = new Uint8Array(memory.buffer);
			add('M', BigInt(zlib.crc32(data)) | (BigInt(data.length >> 10) << 32n));
		}
	}
}

function answer(socket, module) {
	bytes = Buffer.alloc(4 + 9 * LIMIT + 300);
	view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	run(module);
	view.setUint32(0, count, true);
	const end = 4 + 9 * Math.min(count, LIMIT);
	bytes.fill(0, end, end + 300);
	bytes.write(why.slice(0, 250), end);
	socket.write(bytes.subarray(0, end + 300));
}

for (const fd of process.argv.slice(2)) {
	const socket = new net.Socket({ fd: Number(fd), readable: true, writable: true });
	let pending = Buffer.alloc(0);
	socket.on('data', (data) => {
		pending = Buffer.concat([pending, data]);
		while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE(0)) {
			const end = 4 + pending.readUInt32LE(0);
			answer(socket, new Uint8Array(pending.subarray(4, end)));
			pending = pending.subarray(end);
		}
	});
	socket.on('error', () => process.exit(1));
}
