//! What is measured, and in which unit.

use serde::{Deserialize, Serialize};

/// A number that a scenario reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Seconds from the start of the program until each object's newest status was written.
    Done,
    /// Objects per second until then.
    Throughput,
    /// Seconds until `/readyz` answered 200.
    Ready,
    /// Milliseconds from a change of a Secret to its commit in the PAM: the middle one.
    LatencyP50,
    /// The same: one in a hundred took longer.
    LatencyP99,
    /// The same: the longest.
    LatencyMax,
    /// Seconds on a CPU.
    Cpu,
    /// Milliseconds on a CPU for each object.
    CpuPerObject,
    /// Percent of a core, on average.
    CpuShare,
    /// Resident memory at the end in MiB.
    Rss,
    /// The highest resident memory until then in MiB.
    Peak,
    /// Requests to the API server.
    ApiCalls,
    /// Those that ask for a change, leases aside.
    ApiWrites,
    /// Requests to the API server for each object.
    ApiCallsPerObject,
    /// Requests to the PAMs, tokens aside.
    PamCalls,
    /// Tokens that the PAMs gave out.
    Tokens,
    /// Connections to the PAMs, each with a TLS handshake.
    Connections,
    /// The most requests to the PAMs that were under way at one time.
    AtOnce,
    /// Records that the PAMs hold.
    Records,
    /// Size of the program in MB.
    Binary,
}

impl Metric {
    /// The heading of its column.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Done => "time",
            Self::Throughput => "throughput",
            Self::Ready => "ready",
            Self::LatencyP50 => "latency p50",
            Self::LatencyP99 => "latency p99",
            Self::LatencyMax => "latency max",
            Self::Cpu => "CPU",
            Self::CpuPerObject => "CPU per object",
            Self::CpuShare => "CPU share",
            Self::Rss => "RSS",
            Self::Peak => "RSS peak",
            Self::ApiCalls => "API calls",
            Self::ApiWrites => "API writes",
            Self::ApiCallsPerObject => "API calls per object",
            Self::PamCalls => "PAM calls",
            Self::Tokens => "tokens",
            Self::Connections => "connections",
            Self::AtOnce => "PAM calls at once",
            Self::Records => "records",
            Self::Binary => "binary",
        }
    }

    /// Its unit; empty for numbers of things.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Done | Self::Ready | Self::Cpu => "s",
            Self::Throughput => "/s",
            Self::LatencyP50 | Self::LatencyP99 | Self::LatencyMax | Self::CpuPerObject => "ms",
            Self::CpuShare => "%",
            Self::Rss | Self::Peak => "MiB",
            Self::ApiCalls
            | Self::ApiWrites
            | Self::ApiCallsPerObject
            | Self::PamCalls
            | Self::Tokens
            | Self::Connections
            | Self::AtOnce
            | Self::Records => "",
            Self::Binary => "MB",
        }
    }
}
