//! Random numbers from the host.

use rand_core::{impls, CryptoRng, Error, RngCore};

use crate::hostcalls::raw;

pub use rand_core;

/// A generator whose every number is the host's, fit for keys and tokens. It has no
/// state, so any number of them may be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostRng(());

/// The host's generator.
pub fn guest_rng() -> HostRng {
    HostRng(())
}

impl RngCore for HostRng {
    fn next_u32(&mut self) -> u32 {
        // Any half would do; the upper is as good as the lower.
        (self.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        unsafe { raw::hostcall_rng_next_u64() }
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        impls::fill_bytes_via_next(self, bytes)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for HostRng {}
