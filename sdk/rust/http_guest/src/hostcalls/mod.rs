//! The host's functions with safe types. Most applications need only [`debug`]: requests and
//! responses come and go through [`guest_app!`](crate::guest_app) and
//! [`RequestExt`](crate::RequestExt), which are made of what is here.

mod handles;
pub(crate) mod raw;

use std::ptr;

use crate::memory;

pub use handles::{
    select, HostcallStatus, PendingRequestHandle, PollResult, RequestHandle, ResponseHandle,
};

/// Write a line to the server's log.
pub fn debug<T: AsRef<str>>(text: T) {
    let text = text.as_ref();
    unsafe { raw::hostcall_debug(text.as_ptr(), text.len()) }
}

pub(crate) fn report_panic(text: &str) {
    unsafe { raw::hostcall_panic_hook(text.as_ptr(), text.len()) }
}

/// Calls a host function that returns one byte string through two pointers.
pub(crate) fn returned_bytes(call: impl FnOnce(*mut *mut u8, *mut usize)) -> Vec<u8> {
    let mut data = ptr::null_mut();
    let mut length = 0;
    call(&mut data, &mut length);
    unsafe { memory::take_bytes(data, length) }
}

/// The same for a list of byte strings.
pub(crate) fn returned_strings(
    call: impl FnOnce(*mut *mut raw::Slice, *mut usize),
) -> Vec<Vec<u8>> {
    let mut array = ptr::null_mut();
    let mut count = 0;
    call(&mut array, &mut count);
    unsafe { memory::take_strings(array, count) }
}

/// Insert a value, in place of what is there. True if the key is new.
pub fn kvstore_insert(key: &str, value: &[u8]) -> bool {
    unsafe { raw::hostcall_kvstore_insert(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// Insert a value unless there is one. True if the key is new.
pub fn kvstore_upsert(key: &str, value: &[u8]) -> bool {
    unsafe { raw::hostcall_kvstore_upsert(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// Put a value behind what is there. True if the key is new.
pub fn kvstore_append(key: &str, value: &[u8]) -> bool {
    unsafe { raw::hostcall_kvstore_append(key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// The value of a key, if it has one.
pub fn kvstore_get(key: &str) -> Option<Vec<u8>> {
    let mut is_there = false;
    let value = returned_bytes(|data, length| {
        is_there = unsafe { raw::hostcall_kvstore_get(data, length, key.as_ptr(), key.len()) };
    });
    Some(value).filter(|_| is_there)
}

/// Remove a key. True if it was there.
pub fn kvstore_remove(key: &str) -> bool {
    unsafe { raw::hostcall_kvstore_remove(key.as_ptr(), key.len()) }
}
