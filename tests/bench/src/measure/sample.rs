//! What one run of a scenario measured.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::{metric::Metric, process::Usage, statistics::percentile};

const MIB: f64 = 1024.0 * 1024.0;

/// The numbers of one run, and its calls by kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// The numbers.
    pub metrics: BTreeMap<Metric, f64>,
    /// Requests to the API server by verb and resource.
    pub api: BTreeMap<String, usize>,
    /// Requests to the PAMs by kind.
    pub pam: BTreeMap<String, usize>,
}

impl Sample {
    /// Notes a number.
    pub fn put(&mut self, metric: Metric, value: f64) {
        self.metrics.insert(metric, value);
    }

    /// Notes a number of things.
    pub fn count(&mut self, metric: Metric, count: usize) {
        self.put(metric, number(count));
    }

    /// Notes when all `objects` were done.
    pub fn done(&mut self, objects: usize, took: Duration) {
        self.put(Metric::Done, took.as_secs_f64());
        self.put(Metric::Throughput, number(objects) / took.as_secs_f64().max(f64::EPSILON));
    }

    /// Notes the memory at the end, and the CPU time since `before`.
    pub fn used(&mut self, before: Usage, after: Usage) {
        self.put(Metric::Cpu, after.cpu.saturating_sub(before.cpu).as_secs_f64());
        self.put(Metric::Rss, number_of_bytes(after.rss) / MIB);
        self.put(Metric::Peak, number_of_bytes(after.peak) / MIB);
    }

    /// Notes what each of `objects` cost.
    pub fn per_object(&mut self, objects: usize) {
        let each = number(objects.max(1));
        let get = |metric| self.metrics.get(&metric).copied().unwrap_or_default();
        let (cpu, calls) = (1000.0 * get(Metric::Cpu) / each, get(Metric::ApiCalls) / each);
        self.put(Metric::CpuPerObject, cpu);
        self.put(Metric::ApiCallsPerObject, calls);
    }

    /// Notes how long changes took, in milliseconds.
    pub fn latencies(&mut self, millis: &[f64]) {
        let ranks = [(Metric::LatencyP50, 50), (Metric::LatencyP99, 99), (Metric::LatencyMax, 100)];
        for (metric, percent) in ranks {
            if let Some(value) = percentile(millis, percent) {
                self.put(metric, value);
            }
        }
    }
}

/// A number of things, to be divided.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "nothing is counted beyond 2^52")]
pub const fn number(count: usize) -> f64 {
    count as f64
}

/// A number of bytes, to be divided.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "nothing is larger than 2^52 bytes")]
pub const fn number_of_bytes(count: u64) -> f64 {
    count as f64
}
