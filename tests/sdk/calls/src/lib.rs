//! Guest for the tests: a path for each thing that http_guest offers.

use http_guest::rand::{guest_rng, rand_core::RngCore};
use http_guest::{guest_app, header, hostcalls, Method, Request, Response, StatusCode, Time};

/// The request as text: method, path with query, each header line, body.
fn echo(request: &Request<Vec<u8>>) -> Vec<u8> {
    let mut text = format!("{} {}\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(request.body());
    text
}

fn random() -> Vec<u8> {
    let mut bytes = [0; 20];
    guest_rng().fill_bytes(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{:02x}", byte)).collect();
    hex.into_bytes()
}

fn calls(request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = Response::builder();
    let body = match (request.method(), request.uri().path()) {
        (_, "/echo") => echo(request),
        (&Method::GET, "/time") => Time::since_epoch().as_secs().to_string().into_bytes(),
        (&Method::GET, "/random") => random(),
        (&Method::GET, "/debug") => {
            hostcalls::debug("a line for the log");
            Vec::new()
        }
        (&Method::GET, "/headers") => {
            response.header(header::SET_COOKIE, "a=1");
            response.header(header::SET_COOKIE, "b=2");
            response.header("x-empty", "");
            Vec::new()
        }
        (&Method::GET, "/panic") => panic!("this guest had enough"),
        (&Method::GET, _) => {
            response.status(StatusCode::NOT_FOUND);
            b"no such path\n".to_vec()
        }
        _ => {
            response.status(StatusCode::METHOD_NOT_ALLOWED);
            Vec::new()
        }
    };
    response.body(body).unwrap()
}

guest_app!(calls);
