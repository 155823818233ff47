//! Bodies that are read, written, streamed and followed by trailers; and header fields.

use crate::Answer;
use fastly::{Error, Request, Response};
use std::io::Write;

/// The body comes back, with a line in front and its length in a field.
pub fn echo(mut request: Request) -> Answer {
    let mut body = request.take_body();
    let length = body.known_length().map_or("unknown".to_owned(), |length| length.to_string());
    let mut whole = fastly::Body::from("echo: ");
    whole.append(body);
    Ok(Response::from_body(whole).with_header("x-length", length))
}

pub fn stream_to_client(request: Request) -> Result<(), Error> {
    if request.get_path() == "/early" {
        Response::from_body("early\n").send_to_client();
        println!("still running");
        return Ok(());
    }
    let mut body = Response::new().with_header("x-streamed", "yes").stream_to_client();
    for number in 1..=5 {
        writeln!(body, "line {number}")?;
        body.flush()?;
    }
    body.append(fastly::Body::from("the end\n"));
    body.finish()?;
    Ok(())
}

/// Several fields of one name, in the order in which they came.
pub fn fields(request: Request) -> Answer {
    let several: Vec<&str> = request.get_header_all_str("x-many");
    let joined = several.join(",");
    let mut names: Vec<String> = request.get_header_names_str().iter().map(|name| name.to_string()).collect();
    names.sort();
    let mut response = Response::from_body(format!("{joined}\n{}\n", names.join(" ")));
    response.append_header("x-set", "one");
    response.append_header("x-set", "two");
    response.set_header("x-once", "first");
    response.set_header("x-once", "second");
    response.set_header("x-gone", "x");
    response.remove_header("x-gone");
    Ok(response)
}
