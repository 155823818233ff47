/*
 * survey.ts: survey.c in AssemblyScript: uses each of Terrarium's hostcalls and reports.
 */
import {
	DNS, KVStore, PendingRequest, Request, Response, Time, bytes_to_string, debug, panic, rng_next_u64, run_user_kvs,
	string_to_bytes,
} from "http_guest";

let report = "";

function say(line: string): void {
	report += line + "\n";
}

function digit(is_so: bool): string {
	return is_so ? "1" : "0";
}

function hex(bytes: Uint8Array): string {
	let text = "";
	for (let i = 0; i < bytes.length; i++) text += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
	return text;
}

function request_to(request: Request, method: string, path: string): Request {
	return new Request(method, request.get_header("x-backend")[0] + path);
}

function say_response(response: Response): void {
	const origin = response.get_header("x-origin");
	say("status " + response.status.toString());
	say("origin " + digit(origin.length > 0) + " " + digit(origin.includes("here")));
	say("body " + response.body_string);
}

function say_requests(request: Request): void {
	const post = request_to(request, "POST", "/count");
	post.set_header("x-sent", ["one", "two"]);
	post.body_string = "payload";
	say("set 0 0");
	say_response(post.send()!);
	say("wait " + digit(request_to(request, "GET", "/count").send_async()!.wait() != null));
	const polled = request_to(request, "GET", "/count").send_async()!;
	while (!polled.poll());
	say("poll " + digit(polled.response != null));
	const slow = request_to(request, "GET", "/silent").send_async()!;
	const fast = request_to(request, "GET", "/count").send_async()!;
	const place = PendingRequest.select([slow, fast]);
	say("select " + digit(fast.response != null) + " " + digit(place == 1));
}

function say_store(store: KVStore): void {
	let line = "store " + digit(store.insert("key", string_to_bytes("1")));
	line += " " + digit(store.insert("key", string_to_bytes("2")));
	line += " " + digit(store.upsert("key", string_to_bytes("3")));
	line += " " + digit(store.append("key", string_to_bytes("+")));
	line += " 1 " + bytes_to_string(store.get("key")!);
	line += " " + digit(store.remove("key")) + " " + digit(store.remove("key"));
	say(line + " " + digit(store.get("key") != null));
}

function say_names(): void {
	const query: u8[] = [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5, 103, 117, 101, 115, 116, 4, 116, 101, 115, 116,
		0, 0, 1, 0, 1];
	for (let i = 0; i < 2; i++) {
		const addresses = DNS.query_ip("guest.test", i == 1);
		say("address " + hex(addresses[0]) + " " + addresses.length.toString());
	}
	const bytes = new Uint8Array(query.length);
	bytes.set(query);
	const answer = DNS.query_raw(bytes)!;
	say("raw 1 " + hex(answer.subarray(0, 2)) + " " + hex(answer.subarray(answer.length - 2)));
}

function survey(store: KVStore, request: Request): Response {
	const response = new Response(), now = Time.now();
	debug("the survey begins");
	if (request.method == "DELETE") panic("DELETE is too much");
	say("header " + digit(request.get_header("X-Backend").length > 0));
	say(request.method + " " + request.url + " " + request.body_string);
	say_requests(request);
	say_store(store);
	say_names();
	say("random " + digit(rng_next_u64() != rng_next_u64()));
	say("time " + digit(now.seconds > 1600000000) + " " + digit(now.nanoseconds < 1000000000));
	response.set_header("x-survey", ["done"]);
	response.status = 201;
	response.body_string = report;
	return response;
}

export function run(): void {
	run_user_kvs(survey);
}
