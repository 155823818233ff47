//! One request from beginning to end: read it from the host, call the application,
//! hand the response over. What the host can't be told is a panic, never ignored.

use std::panic;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};

use crate::hostcalls::{self, HostcallStatus, RequestHandle, ResponseHandle};
use crate::{memory, KVStore};

/// Answer the incoming request with `application`. Called by `guest_app!` only.
pub fn serve(application: fn(&Request<Vec<u8>>) -> Response<Vec<u8>>) {
    answer(application);
}

/// The same with the key-value store. Called by `guest_app_kvs!` only.
pub fn serve_kvs(application: fn(&mut KVStore, &Request<Vec<u8>>) -> Response<Vec<u8>>) {
    answer(|request| application(&mut KVStore::global(), request));
}

fn answer(application: impl FnOnce(&Request<Vec<u8>>) -> Response<Vec<u8>>) {
    // Before everything else, so that no panic goes unreported.
    panic::set_hook(Box::new(|info| hostcalls::report_panic(&info.to_string())));
    memory::announce();
    let response = match incoming() {
        Ok(request) => application(&request),
        Err(cause) => bad_request(cause),
    };
    send(&response);
}

/// The request as the application sees it. An error names the part that the types of
/// the crate `http` can't hold; the client is to blame for that, not the application.
fn incoming() -> Result<Request<Vec<u8>>, &'static str> {
    let handle = RequestHandle::INCOMING;
    let headers = incoming_headers(&handle)?;
    let method = Method::from_bytes(&handle.method()).map_err(|_| "method")?;
    let uri = Uri::from_shared(handle.path().into()).map_err(|_| "path")?;
    let mut request = Request::new(handle.get_body());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

fn incoming_headers(handle: &RequestHandle) -> Result<HeaderMap, &'static str> {
    let mut headers = HeaderMap::new();
    for name in handle.header_names() {
        let key = HeaderName::from_bytes(&name).map_err(|_| "header name")?;
        for value in handle.header_values(&name) {
            let value = HeaderValue::from_bytes(&value).map_err(|_| "header value")?;
            headers.append(key.clone(), value);
        }
    }
    Ok(headers)
}

fn bad_request(cause: &str) -> Response<Vec<u8>> {
    let text = format!("the request's {} is not valid\n", cause);
    let mut response = Response::new(text.into_bytes());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain"),
    );
    response
}

fn send(response: &Response<Vec<u8>>) {
    let mut handle = ResponseHandle::OUTGOING;
    for name in response.headers().keys() {
        let values: Vec<&[u8]> = response
            .headers()
            .get_all(name)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        let status = handle.set_header_bytes(name.as_str().as_bytes(), &values);
        expect(status, name.as_str());
    }
    expect(handle.set_body(response.body()), "body");
    let status = handle.set_response_code(response.status().as_u16());
    expect(status, "status code");
}

fn expect(status: HostcallStatus, part: &str) {
    if status != HostcallStatus::Ok {
        panic!("the host refused the response's {}", part);
    }
}
