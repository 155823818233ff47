//! Requests of the application's own.

use std::error::Error;
use std::fmt;

use http::header::{HeaderName, HeaderValue};
use http::{Request, Response};

use crate::hostcalls::{self, HostcallStatus, PendingRequestHandle, RequestHandle, ResponseHandle};

/// Why there is no response.
#[derive(Debug)]
pub enum SendError {
    /// The host could not send the request or got no response; the server's log says why.
    Hostcall,
    /// A header's value is not text.
    HeaderToStr(http::header::ToStrError),
    /// The response is none that the crate `http` can hold.
    Http(http::Error),
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            SendError::Hostcall => formatter.write_str("the host got no response"),
            SendError::HeaderToStr(cause) => write!(formatter, "a header's value: {}", cause),
            SendError::Http(cause) => write!(formatter, "the response: {}", cause),
        }
    }
}

impl Error for SendError {}

/// A request that was sent, and its response not taken yet.
#[derive(Debug, PartialEq)]
pub struct PendingRequest(PendingRequestHandle);

/// What became of a pending request.
#[derive(Debug)]
pub enum PollResult {
    /// Nothing yet.
    NotReady(PendingRequest),
    /// Its response.
    Response(Response<Vec<u8>>),
}

/// What requests can do besides being answered. Their URI is absolute, `http` or `https`; their
/// version is not looked at.
pub trait RequestExt {
    /// A response.
    type R;
    /// A request that was sent.
    type Pending;

    /// Send it and wait for the response.
    fn send(self) -> Result<Self::R, SendError>;

    /// Send it, without waiting.
    fn send_async(self) -> Result<Self::Pending, SendError>;
}

impl RequestExt for Request<Vec<u8>> {
    type R = Response<Vec<u8>>;
    type Pending = PendingRequest;

    fn send(self) -> Result<Response<Vec<u8>>, SendError> {
        take_response(prepared(self)?.send())
    }

    fn send_async(self) -> Result<PendingRequest, SendError> {
        let pending = prepared(self)?.send_async().ok_or(SendError::Hostcall)?;
        Ok(PendingRequest(pending))
    }
}

impl PendingRequest {
    /// Wait for the response.
    pub fn wait(self) -> Result<Response<Vec<u8>>, SendError> {
        take_response(self.0.wait())
    }

    /// Look whether the response is there.
    pub fn poll(self) -> Result<PollResult, SendError> {
        match self.0.poll() {
            hostcalls::PollResult::NotReady(handle) => {
                Ok(PollResult::NotReady(PendingRequest(handle)))
            }
            hostcalls::PollResult::Response(handle) => {
                response(&handle).map(PollResult::Response)
            }
            hostcalls::PollResult::Error => Err(SendError::Hostcall),
        }
    }
}

/// Wait until one of several requests is over. It comes back with its response, or as the error
/// if it has none; either way it is only good for comparing. The others are as before.
pub fn select(
    pending: &[&PendingRequest],
) -> Result<(PendingRequest, Response<Vec<u8>>), PendingRequest> {
    let handles: Vec<&PendingRequestHandle> = pending.iter().map(|pending| &pending.0).collect();
    match hostcalls::select(&handles) {
        Ok((handle, ready)) => match response(&ready) {
            Ok(response) => Ok((PendingRequest(handle), response)),
            Err(_) => Err(PendingRequest(handle)),
        },
        Err(handle) => Err(PendingRequest(handle)),
    }
}

fn taken(status: HostcallStatus) -> Result<(), SendError> {
    match status {
        HostcallStatus::Ok => Ok(()),
        HostcallStatus::Invalid => Err(SendError::Hostcall),
    }
}

fn prepared(request: Request<Vec<u8>>) -> Result<RequestHandle, SendError> {
    let (parts, body) = request.into_parts();
    let url = parts.uri.to_string();
    let mut handle =
        RequestHandle::create(parts.method.as_str(), &url).ok_or(SendError::Hostcall)?;
    for name in parts.headers.keys() {
        let values: Result<Vec<&str>, _> =
            parts.headers.get_all(name).iter().map(HeaderValue::to_str).collect();
        let values = values.map_err(SendError::HeaderToStr)?;
        taken(handle.set_header(name.as_str(), &values))?;
    }
    taken(handle.set_body(&body))?;
    Ok(handle)
}

fn take_response(handle: Option<ResponseHandle>) -> Result<Response<Vec<u8>>, SendError> {
    response(&handle.ok_or(SendError::Hostcall)?)
}

fn response(handle: &ResponseHandle) -> Result<Response<Vec<u8>>, SendError> {
    let mut builder = Response::builder();
    builder.status(handle.get_response_code());
    for name in handle.header_names() {
        let values = handle.header_values(&name);
        let key = HeaderName::from_bytes(&name).map_err(|cause| SendError::Http(cause.into()))?;
        for value in values {
            let value =
                HeaderValue::from_bytes(&value).map_err(|cause| SendError::Http(cause.into()))?;
            builder.header(key.clone(), value);
        }
    }
    builder.body(handle.get_body()).map_err(SendError::Http)
}
