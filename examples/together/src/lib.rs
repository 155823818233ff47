//! Asks several services at once and answers with a line for each, in the order in which they
//! answered. Their URLs are in the key-value store under "services", one a line.

use http_guest::{guest_app_kvs, select, KVStore, PendingRequest, Request, RequestExt, Response};

fn begin(url: &str) -> Option<PendingRequest> {
    let request = Request::get(url).body(Vec::new()).ok()?;
    request.send_async().ok()
}

/// Lines of those that answer; what remains when one has is asked again.
fn collect(urls: &[&str]) -> String {
    let mut lines = String::new();
    let mut pending: Vec<(&str, PendingRequest)> = Vec::new();
    for &url in urls {
        match begin(url) {
            Some(request) => pending.push((url, request)),
            None => lines += &format!("{} not asked\n", url),
        }
    }
    while !pending.is_empty() {
        let requests: Vec<&PendingRequest> = pending.iter().map(|(_, request)| request).collect();
        let (over, text) = match select(&requests) {
            Ok((over, response)) => (over, format!("{}", response.status().as_u16())),
            Err(over) => (over, "no answer".to_string()),
        };
        let place = pending.iter().position(|(_, request)| *request == over);
        let (url, _) = pending.remove(place.expect("one of those that were asked"));
        lines += &format!("{} {}\n", url, text);
    }
    lines
}

fn together(store: &mut KVStore, _: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let services = store.get("services").unwrap_or_default();
    let text = String::from_utf8_lossy(&services);
    let urls: Vec<&str> = text.lines().collect();
    Response::new(collect(&urls).into_bytes())
}

guest_app_kvs!(together);
