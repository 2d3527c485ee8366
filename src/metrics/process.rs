//! What the process takes of the machine, under the names that all Prometheus clients use.

use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Ticks of `/proc` in a second: the same on every Linux, whatever the kernel was built with.
const TICKS: f64 = 100.0;

/// Reads memory and CPU of the process at each scrape. Where there is no `/proc`, it shows nothing.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        if let Some(bytes) = fs::read_to_string("/proc/self/status").ok().as_deref().and_then(resident) {
            let gauge = ConstGauge::new(bytes);
            let (name, help) = ("process_resident_memory", "Memory of the process that is in RAM");
            gauge.encode(encoder.encode_descriptor(
                name,
                help,
                Some(&Unit::Bytes),
                EncodeMetric::metric_type(&gauge),
            )?)?;
        }
        if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu) {
            let counter = ConstCounter::new(seconds);
            let (name, help) = ("process_cpu", "CPU time of the process, in user and system mode");
            counter.encode(encoder.encode_descriptor(
                name,
                help,
                Some(&Unit::Seconds),
                EncodeMetric::metric_type(&counter),
            )?)?;
        }
        Ok(())
    }
}

/// Returns the resident memory in bytes that `/proc/self/status` tells, where it is in KiB whatever a page is.
fn resident(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Returns the seconds of CPU time that `/proc/self/stat` tells.
fn cpu(stat: &str) -> Option<f64> {
    // The second field is the name of the program, in parentheses, and may hold blanks and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_cpu_are_read_from_what_linux_writes() {
        assert_eq!(resident("VmPeak:\t  9000 kB\nVmRSS:\t   2048 kB\nRssAnon:\t 1 kB\n"), Some(2_097_152));
        assert_eq!(resident("VmPeak:\t  9000 kB\n"), None);
        let stat = "1 (a ) b) S 0 1 1 0 -1 4194560 1 2 3 4 150 50 7 8 20 0 5 0 100 2000 300";
        assert_eq!(cpu(stat), Some(2.0));
        assert_eq!(cpu("1 (a) S"), None);
    }
}
