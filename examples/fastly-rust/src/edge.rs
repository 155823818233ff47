//! Who asks, from where, how often; and what the program may know of itself.

use crate::{parameter, text, Answer};
use fastly::erl::{CounterDuration, Penaltybox, RateCounter, RateWindow, ERL};
use fastly::http::serve::{NextRequestOptions, RequestPromise};
use fastly::log::Endpoint;
use fastly::shielding::Shield;
use fastly::{compute_runtime, device_detection, geo, Acl, Error, Request, Response};
use std::io::Write;
use std::net::IpAddr;
use std::time::Duration;

pub fn acl(request: &Request) -> Answer {
    let address: IpAddr = parameter(request, "ip").parse()?;
    match Acl::open("blocked")?.try_lookup(address)? {
        Some(found) => text(format!("{} {}", found.prefix(), if found.is_block() { "block" } else { "allow" })),
        None => text("no entry"),
    }
}

pub fn geo(request: &Request) -> Answer {
    let address: IpAddr = parameter(request, "ip").parse()?;
    match geo::geo_lookup(address) {
        Some(place) => text(format!("{} {} {}", place.city(), place.country_code(), place.latitude())),
        None => text("nowhere"),
    }
}

pub fn device(request: &Request) -> Answer {
    match device_detection::lookup(&parameter(request, "agent")) {
        Some(device) => text(format!("{:?} {:?} {:?}", device.device_name(), device.is_mobile(), device.os_name())),
        None => text("unknown"),
    }
}

/// Adds ?by to the counter of ?who.
pub fn count(request: &Request) -> Answer {
    let (who, by) = (parameter(request, "who"), parameter(request, "by").parse()?);
    let counter = RateCounter::open("requests");
    counter.increment(&who, by)?;
    let sum = counter.lookup_count(&who, CounterDuration::SixtySecs)?;
    let rate = counter.lookup_rate(&who, RateWindow::TenSecs)?;
    text(format!("{sum} {rate}"))
}

/// Five a second over ten seconds, then out for a minute.
pub fn limit(request: &Request) -> Answer {
    let limiter = ERL::open(RateCounter::open("limited"), Penaltybox::open("box"));
    let ttl = Duration::from_secs(60);
    let is_blocked = limiter.check_rate(&parameter(request, "who"), 10, RateWindow::TenSecs, 5, ttl)?;
    text(is_blocked.to_string())
}

pub fn penalty(request: &Request) -> Answer {
    let penalties = Penaltybox::open("box");
    let who = parameter(request, "who");
    let before = penalties.has(&who)?;
    penalties.add(&who, Duration::from_secs(120))?;
    text(format!("{before} {}", penalties.has(&who)?))
}

pub fn runtime() -> Answer {
    let busy = (0..2_000_000u64).fold(1u64, |sum, i| sum.wrapping_mul(31).wrapping_add(i));
    let time = compute_runtime::elapsed_vcpu_ms().map_err(|status| Error::msg(format!("{status:?}")))?;
    let heap = compute_runtime::heap_memory_snapshot_mib().map_err(|status| Error::msg(format!("{status:?}")))?;
    text(format!("{} {} {} {}", busy != 0, time < 60_000, heap > 0, compute_runtime::service_id()))
}

pub fn client(request: &Request) -> Answer {
    text(format!(
        "{:?} {:?} {:?} {:?}",
        request.get_client_ip_addr(),
        request.get_tls_protocol()?,
        request.get_client_request_id().is_some(),
        request.fastly_key_is_valid(),
    ))
}

/// Whether this is where a shield is.
pub fn shield(request: &Request) -> Answer {
    match Shield::new(parameter(request, "name")) {
        Ok(shield) => text(format!("{}", shield.running_on())),
        Err(_) => text("no such place"),
    }
}

/// Where the client has come to, and whether it spoke TLS.
pub fn served(request: &Request) -> Answer {
    text(format!("{:?} {:?}", request.get_server_ip_addr(), request.get_tls_ja4()))
}

pub fn log() -> Answer {
    writeln!(Endpoint::from_name("audit"), "somebody was here")?;
    println!("to standard output");
    text("logged")
}

/// Each answer says how many this instance has given; it ends when no other request comes to it.
pub fn serve_several(first: Request) -> Result<(), Error> {
    let mut request = first;
    for number in 1.. {
        Response::from_body(format!("{number} {}\n", request.get_path())).send_to_client();
        if request.get_path().ends_with("/end") {
            return Ok(());
        }
        let promise = RequestPromise::new(&NextRequestOptions::from_timeout(Duration::from_secs(10)))?;
        match promise.wait() {
            Ok(next) => request = next,
            Err(_) => break,
        }
    }
    println!("no other request");
    Ok(())
}
