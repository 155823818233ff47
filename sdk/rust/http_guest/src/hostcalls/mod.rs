//! The host's functions with safe types. Most applications need only [`debug`]; requests
//! and responses come and go through [`guest_app!`](crate::guest_app).

pub(crate) mod raw;

use std::ptr;

use crate::memory;

/// What the host thinks of a value it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostcallStatus {
    /// Taken.
    Ok,
    /// Refused, for example a header name with a space in it.
    Invalid,
}

impl HostcallStatus {
    fn from_raw(status: i32) -> Self {
        match status {
            0 => HostcallStatus::Ok,
            _ => HostcallStatus::Invalid,
        }
    }
}

/// A request that the host holds.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestHandle(i32);

/// A response that the host holds.
#[derive(Debug, PartialEq, Eq)]
pub struct ResponseHandle(i32);

/// Write a line to the server's log.
pub fn debug<T: AsRef<str>>(text: T) {
    let text = text.as_ref();
    unsafe { raw::hostcall_debug(text.as_ptr(), text.len()) }
}

pub(crate) fn report_panic(text: &str) {
    unsafe { raw::hostcall_panic_hook(text.as_ptr(), text.len()) }
}

/// Calls a host function that returns one byte string through two pointers.
fn returned_bytes(call: impl FnOnce(*mut *mut u8, *mut usize)) -> Vec<u8> {
    let mut data = ptr::null_mut();
    let mut length = 0;
    call(&mut data, &mut length);
    unsafe { memory::take_bytes(data, length) }
}

/// The same for a list of byte strings.
fn returned_strings(call: impl FnOnce(*mut *mut raw::Slice, *mut usize)) -> Vec<Vec<u8>> {
    let mut array = ptr::null_mut();
    let mut count = 0;
    call(&mut array, &mut count);
    unsafe { memory::take_strings(array, count) }
}

impl RequestHandle {
    /// The request that this instance was made for.
    pub const INCOMING: RequestHandle = RequestHandle(0);

    /// The distinct names of its headers.
    pub fn header_names(&self) -> Vec<Vec<u8>> {
        returned_strings(|array, count| unsafe {
            raw::hostcall_req_get_headers(array, count, self.0)
        })
    }

    /// All values of the header `name`, in the order received.
    pub fn header_values(&self, name: &[u8]) -> Vec<Vec<u8>> {
        returned_strings(|array, count| unsafe {
            raw::hostcall_req_get_header(array, count, self.0, name.as_ptr(), name.len())
        })
    }

    /// Its method, such as `GET`.
    pub fn method(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe {
            raw::hostcall_req_get_method(data, length, self.0)
        })
    }

    /// Its path with the query string.
    pub fn path(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe { raw::hostcall_req_get_path(data, length, self.0) })
    }

    /// Its body, empty if it has none.
    pub fn body(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe { raw::hostcall_req_get_body(data, length, self.0) })
    }
}

impl ResponseHandle {
    /// The response that the client will get when `run` returns: 200 and empty at first.
    pub const OUTGOING: ResponseHandle = ResponseHandle(0);

    /// Set the values of the header `name`, in place of all that it had.
    pub fn set_header(&self, name: &[u8], values: &[&[u8]]) -> HostcallStatus {
        let slices: Vec<raw::Slice> = values
            .iter()
            .map(|value| raw::Slice {
                data: value.as_ptr(),
                length: value.len(),
            })
            .collect();
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_resp_set_header(
                self.0,
                name.as_ptr(),
                name.len(),
                slices.as_ptr(),
                slices.len(),
            )
        })
    }

    /// Set the body.
    pub fn set_body(&self, body: &[u8]) -> HostcallStatus {
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_resp_set_body(self.0, body.as_ptr(), body.len())
        })
    }

    /// Set the status code.
    pub fn set_status(&self, code: u16) -> HostcallStatus {
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_resp_set_response_code(self.0, i32::from(code))
        })
    }
}
