//! Requests to backends: one, several at once, streamed, and to backends made by the program.

use crate::{parameter, text, Answer};
use fastly::handle::{BodyHandle, RequestHandle};
use fastly::http::request::select;
use fastly::http::Url;
use fastly::{Backend, Request, Response};
use std::io::Write;
use std::time::Duration;

/// Through the HTTP cache, as the answer's fields allow.
pub fn proxy(mut request: Request) -> Answer {
    let path = parameter(&request, "path");
    request.set_url(format!("http://origin.test{path}"));
    let response = request.send("origin")?;
    let hits = response.get_header_str("x-cache").unwrap_or("none").to_owned();
    Ok(response.with_header("x-was", hits))
}

/// Without what the SDK does itself: the host looks into the cache, and fills it.
pub fn plain(request: &Request) -> Answer {
    let mut asked = RequestHandle::new();
    asked.set_url(&Url::parse(&format!("http://origin.test{}", parameter(request, "path")))?);
    let (response, body) = asked.send(BodyHandle::new(), "origin")?;
    Ok(Response::from_handles(response, body))
}

/// Past the cache.
pub fn pass(mut request: Request) -> Answer {
    let path = parameter(&request, "path");
    request.set_url(format!("http://origin.test{path}"));
    request.set_pass(true);
    Ok(request.send("origin")?)
}

/// Four that the backend answers only when all are there.
pub fn together() -> Answer {
    let mut pending = Vec::new();
    for number in 0..4 {
        let request = Request::get(format!("http://origin.test/together/4/{number}")).with_pass(true);
        pending.push(request.send_async("origin")?);
    }
    let mut answered = 0;
    while !pending.is_empty() {
        let (response, rest) = select(pending);
        answered += (response?.get_status() == 200) as u32;
        pending = rest;
    }
    text(format!("{answered} answered"))
}

pub fn upload() -> Answer {
    let request = Request::post("http://origin.test/count").with_pass(true);
    let (mut body, pending) = request.send_async_streaming("origin")?;
    for _ in 0..100 {
        body.write_all(&[b'x'; 1000])?;
    }
    body.finish()?;
    text(pending.wait()?.take_body_str())
}

pub fn dynamic(request: &Request) -> Answer {
    let backend = Backend::builder("made", parameter(request, "target"))
        .override_host("made.test")
        .connect_timeout(Duration::from_secs(20))
        .first_byte_timeout(Duration::from_secs(20))
        .finish()?;
    let described = format!("{} {} {}", backend.name(), backend.is_dynamic(), backend.get_port());
    let mut response = Request::get("http://x.test/").with_pass(true).send(backend)?;
    text(format!("{described}\n{}", response.take_body_str()))
}

pub fn unknown() -> Answer {
    match Request::get("http://x.test/").with_pass(true).send("nothing") {
        Ok(_) => text("answered"),
        Err(error) => Ok(Response::from_status(502).with_body(format!("{:?}\n", error.root_cause()))),
    }
}
