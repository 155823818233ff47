//! HTTP applications as WebAssembly modules.
//!
//! An application is one function from a request to a response. [`guest_app!`] makes
//! it the module's entry point, which the server calls once per request, each time in
//! a fresh instance:
//!
//! ```no_run
//! use http_guest::{guest_app, Request, Response};
//!
//! fn hello(request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
//!     let text = format!("You asked for {}\n", request.uri().path());
//!     Response::builder().status(200).body(text.into_bytes()).unwrap()
//! }
//!
//! guest_app!(hello);
//! ```
//!
//! Build it as a `cdylib` for `wasm32-unknown-unknown`. The module imports only those
//! host calls that the application can reach. A panic ends the request: its message
//! goes to the server, which answers with an error of the 5xx kind.
//!
//! The types are those of the crate [`http`], version 0.1.

mod app;
mod client;
mod dns;
pub mod hostcalls;
pub mod kvstore;
mod memory;
pub mod rand;
pub mod time;

pub use client::{select, PendingRequest, PollResult, RequestExt, SendError};
pub use dns::{DNSError, DNS};
pub use kvstore::KVStore;

pub use http::{header, Error, HeaderMap, Method, Request, Response, StatusCode, Uri};
pub use time::Time;

#[doc(hidden)]
pub use app::{serve, serve_kvs};

/// Make a function of type `fn(&Request<Vec<u8>>) -> Response<Vec<u8>>` the application
/// of this module. Use it once, at the top level of the crate.
#[macro_export]
macro_rules! guest_app {
    ($application:expr) => {
        /// Entry point of the module: answers one request.
        #[no_mangle]
        pub extern "C" fn run() {
            $crate::serve($application)
        }
    };
}

/// The same for a function that uses the key-value store, which all requests of the deployment
/// share: `fn(&mut KVStore, &Request<Vec<u8>>) -> Response<Vec<u8>>`.
#[macro_export]
macro_rules! guest_app_kvs {
    ($application:expr) => {
        /// Entry point of the module: answers one request.
        #[no_mangle]
        pub extern "C" fn run() {
            $crate::serve_kvs($application)
        }
    };
}
