//! survey.c in Rust: uses each of Terrarium's hostcalls through the crate and reports.

use std::fmt::Write;
use std::net::IpAddr;

use http_guest::rand::{guest_rng, rand_core::RngCore};
use http_guest::{
    guest_app_kvs, hostcalls, select, KVStore, PollResult, Request, RequestExt, Response, Time, DNS,
};

type Report = String;

fn say_incoming(report: &mut Report, request: &Request<Vec<u8>>) {
    let has_backend = request.headers().contains_key("x-backend");
    writeln!(report, "header {}", u8::from(has_backend)).unwrap();
    let body = std::str::from_utf8(request.body()).unwrap();
    writeln!(report, "{} {} {}", request.method(), request.uri(), body).unwrap();
}

fn request_to(request: &Request<Vec<u8>>, method: &str, path: &str) -> Request<Vec<u8>> {
    let backend = request.headers()["x-backend"].to_str().unwrap();
    Request::builder()
        .method(method)
        .uri(format!("{}{}", backend, path))
        .body(Vec::new())
        .unwrap()
}

fn say_response(report: &mut Report, response: &Response<Vec<u8>>) {
    let origin = response.headers().get("x-origin");
    let is_here = origin.map_or(false, |value| value == "here");
    writeln!(report, "status {}", response.status().as_u16()).unwrap();
    writeln!(report, "origin {} {}", u8::from(origin.is_some()), u8::from(is_here)).unwrap();
    writeln!(report, "body {}", std::str::from_utf8(response.body()).unwrap()).unwrap();
}

fn say_requests(report: &mut Report, request: &Request<Vec<u8>>) {
    let mut post = request_to(request, "POST", "/count");
    post.headers_mut().append("x-sent", "one".parse().unwrap());
    post.headers_mut().append("x-sent", "two".parse().unwrap());
    *post.body_mut() = b"payload".to_vec();
    report.push_str("set 0 0\n");
    say_response(report, &post.send().unwrap());

    let pending = request_to(request, "GET", "/count").send_async().unwrap();
    writeln!(report, "wait {}", u8::from(pending.wait().is_ok())).unwrap();
    let mut pending = request_to(request, "GET", "/count").send_async().unwrap();
    let response = loop {
        match pending.poll().unwrap() {
            PollResult::NotReady(again) => pending = again,
            PollResult::Response(response) => break response,
        }
    };
    writeln!(report, "poll {}", u8::from(response.status() == 200)).unwrap();
    let slow = request_to(request, "GET", "/silent").send_async().unwrap();
    let fast = request_to(request, "GET", "/count").send_async().unwrap();
    let (ready, response) = select(&[&slow, &fast]).unwrap();
    let (is_good, is_fast) = (response.status() == 200, ready == fast);
    writeln!(report, "select {} {}", u8::from(is_good), u8::from(is_fast)).unwrap();
}

fn say_store(report: &mut Report, store: &mut KVStore) {
    write!(report, "store {}", u8::from(store.insert("key", b"1"))).unwrap();
    write!(report, " {}", u8::from(store.insert("key", b"2"))).unwrap();
    write!(report, " {}", u8::from(store.upsert("key", b"3"))).unwrap();
    write!(report, " {}", u8::from(store.append("key", b"+"))).unwrap();
    let value = store.get("key").unwrap();
    write!(report, " 1 {}", String::from_utf8(value).unwrap()).unwrap();
    write!(report, " {}", u8::from(store.remove("key"))).unwrap();
    write!(report, " {}", u8::from(store.remove("key"))).unwrap();
    writeln!(report, " {}", u8::from(store.get("key").is_some())).unwrap();
}

fn say_names(report: &mut Report) {
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05guest\x04test\0\0\x01\0\x01";
    for ipv6 in [false, true] {
        let addresses = DNS::query_ip("guest.test", ipv6).unwrap();
        let bytes = match addresses[0] {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let hex: String = bytes.iter().map(|byte| format!("{:02x}", byte)).collect();
        writeln!(report, "address {} {}", hex, addresses.len()).unwrap();
    }
    let answer = DNS::query_raw(query).unwrap();
    let end = &answer[answer.len() - 2..];
    let (first, second) = (answer[0], answer[1]);
    writeln!(report, "raw 1 {:02x}{:02x} {:02x}{:02x}", first, second, end[0], end[1]).unwrap();
}

fn say_rest(report: &mut Report) {
    let differs = guest_rng().next_u64() != guest_rng().next_u64();
    let now = Time::since_epoch();
    let (is_late, is_part) = (now.as_secs() > 1_600_000_000, now.subsec_nanos() < 1_000_000_000);
    writeln!(report, "random {}", u8::from(differs)).unwrap();
    writeln!(report, "time {} {}", u8::from(is_late), u8::from(is_part)).unwrap();
}

fn survey(store: &mut KVStore, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let mut report = Report::new();
    hostcalls::debug("the survey begins");
    if request.method() == "DELETE" {
        panic!("DELETE is too much");
    }
    say_incoming(&mut report, request);
    say_requests(&mut report, request);
    say_store(&mut report, store);
    say_names(&mut report);
    say_rest(&mut report);
    Response::builder()
        .status(201)
        .header("x-survey", "done")
        .body(report.into_bytes())
        .unwrap()
}

guest_app_kvs!(survey);
