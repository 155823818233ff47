//! The wall clock.

use std::time::Duration;

use crate::hostcalls::raw;

/// A moment of the host's wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    seconds: u64,
    nanoseconds: u32,
}

impl Time {
    /// The present moment.
    pub fn now() -> Time {
        let mut nanoseconds = 0;
        let seconds = unsafe { raw::hostcall_time_now(&mut nanoseconds) };
        Time {
            // A clock set before 1970 counts as 1970.
            seconds: seconds.max(0) as u64,
            nanoseconds,
        }
    }

    /// Time from the beginning of 1970 (UTC) until now.
    pub fn since_epoch() -> Duration {
        let now = Time::now();
        Duration::new(now.seconds, now.nanoseconds)
    }

    /// Whole seconds since the beginning of 1970 (UTC).
    pub fn seconds(&self) -> u64 {
        self.seconds
    }

    /// Nanoseconds since the last whole second.
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }
}
