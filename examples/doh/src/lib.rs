//! DNS over HTTPS (RFC 8484): clients send a message to name servers in the query of a GET or as
//! the body of a POST, and get the answer of the server's own name servers.

use http_guest::{guest_app, header, Method, Request, Response, StatusCode, DNS};

const MESSAGE: &str = "application/dns-message";

/// The client's message; an error is the status that tells of it.
fn question(request: &Request<Vec<u8>>) -> Result<Vec<u8>, StatusCode> {
    if request.uri().path() != "/dns-query" {
        return Err(StatusCode::NOT_FOUND);
    }
    match *request.method() {
        Method::GET => {
            let query = request.uri().query().unwrap_or("");
            let parameter = query.split('&').find_map(|part| part.strip_prefix("dns="));
            let encoded = parameter.ok_or(StatusCode::BAD_REQUEST)?;
            base64::decode_config(encoded, base64::URL_SAFE_NO_PAD)
                .map_err(|_| StatusCode::BAD_REQUEST)
        }
        Method::POST => {
            let kind = request.headers().get(header::CONTENT_TYPE);
            if kind.map_or(true, |kind| kind != MESSAGE) {
                return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            }
            Ok(request.body().clone())
        }
        _ => Err(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn answer(request: &Request<Vec<u8>>) -> Result<Vec<u8>, StatusCode> {
    DNS::query_raw(&question(request)?).map_err(|_| StatusCode::BAD_GATEWAY)
}

fn doh(request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let mut response = Response::builder();
    match answer(request) {
        Ok(message) => response.header(header::CONTENT_TYPE, MESSAGE).body(message),
        Err(status) => response.status(status).body(Vec::new()),
    }
    .unwrap()
}

guest_app!(doh);
