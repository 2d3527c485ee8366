//! What a world consists of.

use std::time::Duration;

/// What there is before anything is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many `PamCredentials`, each with a Secret of its own.
    pub objects: usize,
    /// How many Secrets that no PamCredential names.
    pub unrelated: usize,
    /// How many records of others the PAM holds.
    pub records: usize,
    /// How many PAMs, each with a connection; objects are spread over them.
    pub pams: usize,
    /// How many objects may be worked on at once, and requests to a PAM be under way.
    pub concurrency: usize,
    /// How long the PAM takes for each request.
    pub latency: Duration,
    /// The most requests per second to a PAM; 0: no limit.
    pub requests_per_second: u32,
    /// How often the operator asks for the PAM's list of records.
    pub list_interval: &'static str,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            objects: 0,
            unrelated: 0,
            records: 0,
            pams: 1,
            concurrency: 32,
            latency: Duration::from_millis(20),
            requests_per_second: 0,
            list_interval: "168h",
        }
    }
}
