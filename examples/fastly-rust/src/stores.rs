//! Configuration, secrets, and values that change.

use crate::{parameter, text, Answer};
use fastly::kv_store::{InsertMode, KVStoreError};
use fastly::{ConfigStore, KVStore, Request, Response, SecretStore};
use std::time::Duration;

pub fn config(request: &Request) -> Answer {
    let store = ConfigStore::open("settings");
    match store.get(&parameter(request, "key")) {
        Some(value) => text(value),
        None => Ok(Response::from_status(404)),
    }
}

pub fn secret() -> Answer {
    let vault = SecretStore::open("vault")?;
    let password = vault.get("password").expect("fastly.toml has it");
    let missing = vault.contains("nothing")?;
    text(format!("{} {missing}", String::from_utf8_lossy(&password.plaintext())))
}

/// GET, PUT and DELETE of ?key, with modes, metadata and a lifetime.
pub fn kv(mut request: Request) -> Answer {
    let store = KVStore::open("notes")?.expect("fastly.toml has it");
    let key = parameter(&request, "key");
    let done = match request.get_method_str() {
        "GET" => match store.lookup(&key) {
            Ok(mut found) => {
                let metadata = found.metadata().unwrap_or_default();
                let answer = Response::from_body(found.take_body());
                return Ok(answer.with_header("x-metadata", &metadata[..]));
            }
            Err(error) => Err(error),
        },
        "DELETE" => store.delete(&key),
        _ => {
            let insert = store.build_insert().metadata("from a request");
            let insert = match parameter(&request, "mode").as_str() {
                "add" => insert.mode(InsertMode::Add),
                "append" => insert.mode(InsertMode::Append),
                "brief" => insert.time_to_live(Duration::from_secs(1)),
                _ => insert,
            };
            insert.execute(&key, request.take_body())
        }
    };
    match done {
        Ok(()) => text("done"),
        Err(KVStoreError::ItemNotFound) => Ok(Response::from_status(404)),
        Err(KVStoreError::ItemPreconditionFailed) => Ok(Response::from_status(412)),
        Err(error) => Err(error.into()),
    }
}

/// All keys, two at a time.
pub fn list() -> Answer {
    let store = KVStore::open("notes")?.expect("fastly.toml has it");
    let mut keys = Vec::new();
    for page in store.build_list().limit(2).iter() {
        keys.extend(page?.into_keys());
    }
    text(keys.join(" "))
}
