//! Questions to the server's name servers.

use std::convert::TryFrom;
use std::error::Error;
use std::fmt;
use std::net::IpAddr;

use crate::hostcalls::{raw, returned_bytes, returned_strings};

/// Questions to name servers.
pub struct DNS;

/// There is no answer; the server's log may say why.
#[derive(Debug)]
pub struct DNSError(&'static str);

impl fmt::Display for DNSError {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl Error for DNSError {}

impl DNS {
    /// Ask with a message of RFC 1035 that has one question; the whole answer.
    pub fn query_raw(query: &[u8]) -> Result<Vec<u8>, DNSError> {
        let mut is_there = false;
        let answer = returned_bytes(|data, length| {
            let (query, query_length) = (query.as_ptr(), query.len());
            is_there =
                unsafe { raw::hostcall_dns_query_raw(data, length, query, query_length) };
        });
        Some(answer)
            .filter(|_| is_there)
            .ok_or(DNSError("no answer from name servers"))
    }

    /// The addresses of a name, those of IPv4 or of IPv6.
    pub fn query_ip(name: &str, ipv6: bool) -> Result<Vec<IpAddr>, DNSError> {
        let addresses = returned_strings(|array, count| unsafe {
            raw::hostcall_dns_query_ip(array, count, name.as_ptr(), name.len(), ipv6);
        });
        if addresses.is_empty() {
            return Err(DNSError("the name has no address"));
        }
        addresses.iter().map(|bytes| address(bytes)).collect()
    }
}

fn address(bytes: &[u8]) -> Result<IpAddr, DNSError> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let six = <[u8; 16]>::try_from(bytes).map(IpAddr::from);
    four.or(six)
        .map_err(|_| DNSError("an address of neither 4 nor 16 bytes"))
}
