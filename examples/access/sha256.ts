/*
 * sha256.ts: SHA-256 (FIPS 180-4) and HMAC (RFC 2104) of byte arrays.
 */

const K: StaticArray<u32> = [
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

const block_size = 64;

/* The message, a bit, zeros, and its length in bits: whole blocks. */
function padded(message: Uint8Array): Uint8Array {
	const length = (message.length + 9 + block_size - 1) / block_size * block_size;
	const bytes = new Uint8Array(length);
	bytes.set(message);
	bytes[message.length] = 0x80;
	store<u64>(bytes.dataStart + length - 8, bswap<u64>(<u64>message.length * 8));
	return bytes;
}

function block_add(state: StaticArray<u32>, words: StaticArray<u32>, block: usize): void {
	for (let i = 0; i < 16; i++) words[i] = bswap<u32>(load<u32>(block + 4 * i));
	for (let i = 16; i < 64; i++) {
		const a = words[i - 15], b = words[i - 2];
		const low = rotr<u32>(a, 7) ^ rotr<u32>(a, 18) ^ (a >> 3);
		const high = rotr<u32>(b, 17) ^ rotr<u32>(b, 19) ^ (b >> 10);
		words[i] = words[i - 16] + low + words[i - 7] + high;
	}
	let a = state[0], b = state[1], c = state[2], d = state[3];
	let e = state[4], f = state[5], g = state[6], h = state[7];
	for (let i = 0; i < 64; i++) {
		const sum_e = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
		const sum_a = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
		const first = h + sum_e + ((e & f) ^ (~e & g)) + K[i] + words[i];
		const second = sum_a + ((a & b) ^ (a & c) ^ (b & c));
		h = g;
		g = f;
		f = e;
		e = d + first;
		d = c;
		c = b;
		b = a;
		a = first + second;
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

export function sha256(message: Uint8Array): Uint8Array {
	const bytes = padded(message), words = new StaticArray<u32>(64);
	const state: StaticArray<u32> = [
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	];
	for (let at = 0; at < bytes.length; at += block_size) block_add(state, words, bytes.dataStart + at);
	const digest = new Uint8Array(32);
	for (let i = 0; i < 8; i++) store<u32>(digest.dataStart + 4 * i, bswap<u32>(state[i]));
	return digest;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(a.length + b.length);
	bytes.set(a);
	bytes.set(b, a.length);
	return bytes;
}

export function hmac_sha256(key: Uint8Array, message: Uint8Array): Uint8Array {
	const short = key.length > block_size ? sha256(key) : key;
	const inner = new Uint8Array(block_size), outer = new Uint8Array(block_size);
	for (let i = 0; i < block_size; i++) {
		const byte: u8 = i < short.length ? short[i] : 0;
		inner[i] = byte ^ 0x36;
		outer[i] = byte ^ 0x5c;
	}
	return sha256(joined(outer, sha256(joined(inner, message))));
}

export function to_hex(bytes: Uint8Array): string {
	let text = "";
	for (let i = 0; i < bytes.length; i++) text += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
	return text;
}
