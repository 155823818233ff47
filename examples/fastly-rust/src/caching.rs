//! The cache: by key with a lifetime (simple), and by transactions (core).

use crate::{parameter, text, Answer};
use fastly::cache::core::{self, CacheKey, Transaction};
use fastly::cache::simple;
use fastly::http::purge::{purge_surrogate_key, soft_purge_surrogate_key};
use fastly::http::HeaderName;
use fastly::{Request, Response};
use std::io::Write;
use std::time::Duration;

fn key(request: &Request) -> CacheKey {
    CacheKey::from(parameter(request, "key").into_bytes())
}

/// What ?value was when ?key was first asked for.
pub fn simple(request: &Request) -> Answer {
    let lifetime = Duration::from_secs(60);
    let body = simple::get_or_set(parameter(request, "key"), parameter(request, "value"), lifetime)?;
    Ok(Response::from_body(body))
}

pub fn simple_purge(request: &Request) -> Answer {
    simple::purge(parameter(request, "key"))?;
    text("purged")
}

/// Found, or to be made by this request while it is already being read.
pub fn core(request: &Request) -> Answer {
    let transaction = Transaction::lookup(key(request)).header("accept", parameter(request, "accept")).execute()?;
    if let Some(found) = transaction.found() {
        let state = format!(
            "hit {} {} {} {:?}",
            found.hits(),
            found.is_stale(),
            transaction.must_insert_or_update(),
            found.known_length()
        );
        let metadata = String::from_utf8_lossy(&found.user_metadata()).into_owned();
        let body = match parameter(request, "range").split_once('-') {
            Some((from, to)) => found.to_stream_from_range(from.parse().ok(), to.parse().ok())?,
            None => found.to_stream()?,
        };
        return Ok(Response::from_body(body).with_header("x-state", state).with_header("x-metadata", metadata));
    }
    let accept = HeaderName::from_static("accept");
    let (mut writer, found) = transaction
        .insert(Duration::from_secs(60))
        .surrogate_keys(["all", &parameter(request, "key")])
        .vary_by([&accept])
        .user_metadata("about it".into())
        .execute_and_stream_back()?;
    let body = found.to_stream()?;
    write!(writer, "made for {} ", parameter(request, "accept"))?;
    writer.finish()?;
    Ok(Response::from_body(body).with_header("x-state", "miss"))
}

/// Without a transaction; stale from the beginning if ?age says so.
pub fn insert(request: &Request) -> Answer {
    let value = parameter(request, "value");
    let mut writer = core::insert(key(request), Duration::from_secs(60))
        .initial_age(Duration::from_secs(parameter(request, "age").parse().unwrap_or(0)))
        .stale_while_revalidate(Duration::from_secs(60))
        .surrogate_keys(["all"])
        .known_length(value.len() as u64)
        .execute()?;
    writer.write_all(value.as_bytes())?;
    if parameter(request, "give-up") == "yes" {
        writer.abandon()?;
        return text("given up");
    }
    writer.finish()?;
    text("inserted")
}

/// Makes a stale one fresh again.
pub fn update(request: &Request) -> Answer {
    let transaction = Transaction::lookup(key(request)).execute()?;
    let is_asked = transaction.must_insert_or_update();
    let Some(found) = transaction.found() else {
        return text("nothing");
    };
    let was_stale = found.is_stale();
    if is_asked {
        transaction.update(Duration::from_secs(60)).user_metadata("updated".into()).execute()?;
    }
    text(format!("{is_asked} {was_stale}"))
}

/// What was there, and ?value in its place.
pub fn replace(request: &Request) -> Answer {
    let replacing = core::replace(key(request)).begin()?;
    let before = match replacing.existing_object() {
        Some(found) => found.to_stream()?.into_string(),
        None => "nothing".to_owned(),
    };
    let mut writer = replacing.execute(Duration::from_secs(60))?;
    writer.write_all(parameter(request, "value").as_bytes())?;
    writer.finish()?;
    text(before)
}

pub fn purge(request: &Request) -> Answer {
    let surrogate = parameter(request, "surrogate");
    match parameter(request, "soft").as_str() {
        "yes" => soft_purge_surrogate_key(&surrogate)?,
        _ => purge_surrogate_key(&surrogate)?,
    }
    text("purged")
}
