//! The key-value store of the deployment, which all its requests share.

use crate::hostcalls;

/// The store. Each operation is done at once, whatever other requests do meanwhile.
///
/// It begins with what the operator put there: variables of the environment, secrets among
/// them, are under `env/NAME`.
#[derive(Debug)]
pub struct KVStore {
    _private: (),
}

impl KVStore {
    pub(crate) fn global() -> KVStore {
        KVStore { _private: () }
    }

    /// Insert a value, in place of what is there. True if the key is new.
    pub fn insert(&mut self, key: &str, value: &[u8]) -> bool {
        hostcalls::kvstore_insert(key, value)
    }

    /// Insert a value unless there is one: of several requests that do so one gets `true`.
    pub fn upsert(&mut self, key: &str, value: &[u8]) -> bool {
        hostcalls::kvstore_upsert(key, value)
    }

    /// Put a value behind what is there. True if the key is new.
    pub fn append(&mut self, key: &str, value: &[u8]) -> bool {
        hostcalls::kvstore_append(key, value)
    }

    /// The value of a key, if it has one.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        hostcalls::kvstore_get(key)
    }

    /// Remove a key. True if it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        hostcalls::kvstore_remove(key)
    }
}
