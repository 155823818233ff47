//! A tour of Fastly Compute: each route shows one area of the platform. What it finds comes from
//! fastly.toml.

mod bodies;
mod caching;
mod edge;
mod origins;
mod stores;

use fastly::http::StatusCode;
use fastly::{Error, Request, Response};

type Answer = Result<Response, Error>;

/// A query parameter; empty if it is not there.
fn parameter(request: &Request, name: &str) -> String {
    request.get_query_parameter(name).unwrap_or("").to_owned()
}

fn text(text: impl Into<String>) -> Answer {
    Ok(Response::from_body(text.into() + "\n"))
}

fn route(request: Request) -> Answer {
    match request.get_path().to_owned().as_str() {
        "/config" => stores::config(&request),
        "/secret" => stores::secret(),
        "/kv" => stores::kv(request),
        "/kv/list" => stores::list(),
        "/acl" => edge::acl(&request),
        "/geo" => edge::geo(&request),
        "/device" => edge::device(&request),
        "/count" => edge::count(&request),
        "/limit" => edge::limit(&request),
        "/penalty" => edge::penalty(&request),
        "/runtime" => edge::runtime(),
        "/client" => edge::client(&request),
        "/log" => edge::log(),
        "/echo" => bodies::echo(request),
        "/fields" => bodies::fields(request),
        "/proxy" => origins::proxy(request),
        "/pass" => origins::pass(request),
        "/plain" => origins::plain(&request),
        "/shield" => edge::shield(&request),
        "/served" => edge::served(&request),
        "/together" => origins::together(),
        "/upload" => origins::upload(),
        "/dynamic" => origins::dynamic(&request),
        "/unknown" => origins::unknown(),
        "/simple" => caching::simple(&request),
        "/simple/purge" => caching::simple_purge(&request),
        "/core" => caching::core(&request),
        "/core/insert" => caching::insert(&request),
        "/core/update" => caching::update(&request),
        "/replace" => caching::replace(&request),
        "/purge" => caching::purge(&request),
        _ => Ok(Response::from_status(StatusCode::NOT_FOUND)),
    }
}

fn main() -> Result<(), Error> {
    fastly::init();
    let request = Request::from_client();
    if request.get_path().starts_with("/reuse") {
        return edge::serve_several(request);
    }
    // These have answered when they return.
    if request.get_path() == "/stream" || request.get_path() == "/early" {
        return bodies::stream_to_client(request);
    }
    match route(request) {
        Ok(response) => response.send_to_client(),
        Err(error) => Response::from_status(StatusCode::INTERNAL_SERVER_ERROR)
            .with_body(format!("{error:#}\n"))
            .send_to_client(),
    }
    Ok(())
}
