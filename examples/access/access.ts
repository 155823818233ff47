/*
 * access.ts: lets in whoever signs requests with a key that the operator has given out. Keys are
 * in the key-value store under "key/NAME". A request has
 *
 *	X-Time: 1600000000
 *	Authorization: Signature NAME HEX
 *
 * HEX being the HMAC-SHA256 of "METHOD URL TIME\n" and the body. A signature is good for five
 * minutes, and once.
 */
import { KVStore, Request, Response, Time, run_user_kvs, string_to_bytes } from "http_guest";
import { hmac_sha256, to_hex } from "./sha256";

const patience: i64 = 300;

function refused(reason: string): Response {
	const response = new Response();
	response.status = 401;
	response.set_header("www-authenticate", ["Signature"]);
	response.body_string = reason + "\n";
	return response;
}

/* In a time that does not depend on where they differ. */
function is_equal(a: string, b: string): bool {
	let difference = a.length ^ b.length;
	for (let i = 0; i < a.length && i < b.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
	return difference == 0;
}

function signed_text(request: Request, time: string): Uint8Array {
	const head = string_to_bytes(request.method + " " + request.url + " " + time + "\n");
	const text = new Uint8Array(head.length + request.body.length);
	text.set(head);
	text.set(request.body, head.length);
	return text;
}

function access(store: KVStore, request: Request): Response {
	const authorization = request.get_header("authorization"), times = request.get_header("x-time");
	const parts = authorization.length ? authorization[0].split(" ") : new Array<string>();
	if (parts.length != 3 || parts[0] != "Signature" || !times.length) return refused("a signature is needed");
	const time = <i64>parseInt(times[0]), now = Time.now().seconds;
	if (time < now - patience || time > now + patience) return refused("the signature is too old");
	const key = store.get("key/" + parts[1]);
	if (key == null) return refused("the signature is not valid");
	const signature = to_hex(hmac_sha256(key, signed_text(request, times[0])));
	if (!is_equal(signature, parts[2])) return refused("the signature is not valid");
	/* One of all requests with it comes through, however many arrive at once. */
	if (!store.upsert("seen/" + signature, string_to_bytes(times[0]))) return refused("the signature was used");
	const response = new Response();
	response.body_string = "Welcome, " + parts[1] + ".\n";
	return response;
}

export function run(): void {
	run_user_kvs(access);
}
