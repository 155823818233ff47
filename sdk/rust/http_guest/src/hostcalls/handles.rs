//! Requests and responses that the host holds, by handle.

use super::{raw, returned_bytes, returned_strings};

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

const NOT_READY: i32 = -2;

macro_rules! handle {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Debug, Hash, PartialEq, Eq)]
        pub struct $name(i32);

        impl $name {
            /// Negative numbers stand for no handle.
            fn from_raw(raw: i32) -> Option<Self> {
                Some($name(raw)).filter(|handle| handle.0 >= 0)
            }
        }
    };
}

handle! {
    /// A request: the one that came, or one that is not sent yet.
    RequestHandle
}
handle! {
    /// A response: the one that the client will get, or one to a request of the guest's.
    ResponseHandle
}
handle! {
    /// A request that was sent, and its response not taken yet.
    PendingRequestHandle
}

/// What became of a pending request.
#[derive(Debug, PartialEq, Eq)]
pub enum PollResult {
    /// Nothing yet.
    NotReady(PendingRequestHandle),
    /// Its response.
    Response(ResponseHandle),
    /// There will be none; the server's log says why.
    Error,
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn texts(list: Vec<Vec<u8>>) -> Vec<String> {
    list.into_iter().map(text).collect()
}

fn slices<T: AsRef<[u8]>>(values: &[T]) -> Vec<raw::Slice> {
    let slice = |value: &T| raw::Slice {
        data: value.as_ref().as_ptr(),
        length: value.as_ref().len(),
    };
    values.iter().map(slice).collect()
}

impl RequestHandle {
    /// The request that this instance was made for.
    pub const INCOMING: RequestHandle = RequestHandle(0);

    /// Begin a request to an absolute URL; `None` if the host does not take method or URL.
    pub fn create(method: &str, url: &str) -> Option<RequestHandle> {
        RequestHandle::from_raw(unsafe {
            raw::hostcall_req_create(method.as_ptr(), method.len(), url.as_ptr(), url.len())
        })
    }

    /// Send it and wait for the response; `None` if there is none.
    pub fn send(self) -> Option<ResponseHandle> {
        ResponseHandle::from_raw(unsafe { raw::hostcall_req_send(self.0) })
    }

    /// Send it; `None` if it can't be sent.
    pub fn send_async(self) -> Option<PendingRequestHandle> {
        PendingRequestHandle::from_raw(unsafe { raw::hostcall_req_send_async(self.0) })
    }

    pub(crate) fn header_names(&self) -> Vec<Vec<u8>> {
        returned_strings(|array, count| unsafe {
            raw::hostcall_req_get_headers(array, count, self.0)
        })
    }

    pub(crate) fn header_values(&self, name: &[u8]) -> Vec<Vec<u8>> {
        returned_strings(|array, count| unsafe {
            raw::hostcall_req_get_header(array, count, self.0, name.as_ptr(), name.len())
        })
    }

    pub(crate) fn method(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe {
            raw::hostcall_req_get_method(data, length, self.0)
        })
    }

    pub(crate) fn path(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe { raw::hostcall_req_get_path(data, length, self.0) })
    }

    /// The distinct names of its headers.
    pub fn get_headers(&self) -> Vec<String> {
        texts(self.header_names())
    }

    /// All values of the header `name`, in the order received.
    pub fn get_header(&self, name: &str) -> Vec<String> {
        texts(self.header_values(name.as_bytes()))
    }

    /// Its method, such as `GET`.
    pub fn get_method(&self) -> String {
        text(self.method())
    }

    /// Its path with the query string.
    pub fn get_path(&self) -> String {
        text(self.path())
    }

    /// Its body, empty if it has none.
    pub fn get_body(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe { raw::hostcall_req_get_body(data, length, self.0) })
    }

    pub(crate) fn set_header_bytes(&mut self, name: &[u8], values: &[&[u8]]) -> HostcallStatus {
        let values = slices(values);
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_req_set_header(
                self.0,
                name.as_ptr(),
                name.len(),
                values.as_ptr(),
                values.len(),
            )
        })
    }

    /// Set the values of the header `name`, in place of all that it had.
    pub fn set_header(&mut self, name: &str, values: &[&str]) -> HostcallStatus {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        self.set_header_bytes(name.as_bytes(), &values)
    }

    /// Set the body.
    pub fn set_body(&mut self, body: &[u8]) -> HostcallStatus {
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_req_set_body(self.0, body.as_ptr(), body.len())
        })
    }
}

impl ResponseHandle {
    /// The response that the client will get when `run` returns: 200 and empty at first.
    pub const OUTGOING: ResponseHandle = ResponseHandle(0);

    pub(crate) fn header_names(&self) -> Vec<Vec<u8>> {
        returned_strings(|array, count| unsafe {
            raw::hostcall_resp_get_headers(array, count, self.0)
        })
    }

    pub(crate) fn header_values(&self, name: &[u8]) -> Vec<Vec<u8>> {
        returned_strings(|array, count| unsafe {
            raw::hostcall_resp_get_header(array, count, self.0, name.as_ptr(), name.len())
        })
    }

    /// The distinct names of its headers.
    pub fn get_headers(&self) -> Vec<String> {
        texts(self.header_names())
    }

    /// All values of the header `name`, in the order received.
    pub fn get_header(&self, name: &str) -> Vec<String> {
        texts(self.header_values(name.as_bytes()))
    }

    /// Its body.
    pub fn get_body(&self) -> Vec<u8> {
        returned_bytes(|data, length| unsafe {
            raw::hostcall_resp_get_body(data, length, self.0)
        })
    }

    /// Its status code.
    pub fn get_response_code(&self) -> u16 {
        // The host lets none through that has more than three digits.
        unsafe { raw::hostcall_resp_get_response_code(self.0) as u16 }
    }

    pub(crate) fn set_header_bytes(&mut self, name: &[u8], values: &[&[u8]]) -> HostcallStatus {
        let values = slices(values);
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_resp_set_header(
                self.0,
                name.as_ptr(),
                name.len(),
                values.as_ptr(),
                values.len(),
            )
        })
    }

    /// Set the values of the header `name`, in place of all that it had.
    pub fn set_header(&mut self, name: &str, values: &[&str]) -> HostcallStatus {
        let values: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
        self.set_header_bytes(name.as_bytes(), &values)
    }

    /// Set the body.
    pub fn set_body(&mut self, body: &[u8]) -> HostcallStatus {
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_resp_set_body(self.0, body.as_ptr(), body.len())
        })
    }

    /// Set the status code.
    pub fn set_response_code(&mut self, code: u16) -> HostcallStatus {
        HostcallStatus::from_raw(unsafe {
            raw::hostcall_resp_set_response_code(self.0, i32::from(code))
        })
    }
}

impl PendingRequestHandle {
    /// Wait for the response; `None` if there is none.
    pub fn wait(self) -> Option<ResponseHandle> {
        ResponseHandle::from_raw(unsafe { raw::hostcall_pending_req_wait(self.0) })
    }

    /// Look whether the response is there.
    pub fn poll(self) -> PollResult {
        let raw = unsafe { raw::hostcall_pending_req_poll(self.0) };
        match ResponseHandle::from_raw(raw) {
            Some(response) => PollResult::Response(response),
            None if raw == NOT_READY => PollResult::NotReady(self),
            None => PollResult::Error,
        }
    }
}

/// Wait until one of several requests is over. It comes back with its response, or as the error
/// if it has none; either way it is only good for comparing. The others are as before.
///
/// Panics if the list is empty or has a request that is over.
pub fn select(
    pending: &[&PendingRequestHandle],
) -> Result<(PendingRequestHandle, ResponseHandle), PendingRequestHandle> {
    let handles: Vec<i32> = pending.iter().map(|pending| pending.0).collect();
    let mut ready = -1;
    let raw = unsafe {
        raw::hostcall_pending_req_select(handles.as_ptr(), handles.len(), &mut ready)
    };
    let ready = PendingRequestHandle::from_raw(ready).expect("a list of pending requests");
    match ResponseHandle::from_raw(raw) {
        Some(response) => Ok((ready, response)),
        None => Err(ready),
    }
}
