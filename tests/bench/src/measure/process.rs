//! What a process and its children used, as the system says it.

use std::{collections::BTreeMap, fs, time::Duration};

use anyhow::{Context, Result};

const KIB: u64 = 1024;

/// What was used until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time on a CPU, in the program and in the system for it.
    pub cpu: Duration,
    /// Resident memory in bytes.
    pub rss: u64,
    /// The highest resident memory until now in bytes; of several processes, the sum of theirs.
    pub peak: u64,
}

impl Usage {
    /// What the process `pid` and all its children used.
    pub fn of(pid: u32) -> Result<Self> {
        let stats = all_stats();
        let mut sum = stats.get(&pid).context("the measured program has ended")?.usage(pid)?;
        let mut family = vec![pid];
        while let Some(parent) = family.pop() {
            for (child, stat) in stats.iter().filter(|(_, stat)| stat.parent == parent) {
                // A child may have ended since.
                sum.add(stat.usage(*child).unwrap_or_default());
                family.push(*child);
            }
        }
        Ok(sum)
    }

    fn add(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.rss += other.rss;
        self.peak += other.peak;
    }
}

/// What `/proc/<pid>/stat` says, as far as it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Of the process itself and of its children that have ended.
    ticks: u64,
}

impl Stat {
    /// The fields are numbered as in proc(5); the name in the second may hold spaces and brackets.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3);
        let ticks = (14..=17).map(|number| field(number)?.parse::<u64>().ok()).sum::<Option<u64>>()?;
        Some(Self { parent: field(4)?.parse().ok()?, ticks })
    }

    fn usage(self, pid: u32) -> Result<Usage> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let memory = |key| memory_line(&status, key).context("the system does not tell a process' memory");
        let millis = self.ticks * 1000 / rustix::param::clock_ticks_per_second();
        Ok(Usage { cpu: Duration::from_millis(millis), rss: memory("VmRSS:")?, peak: memory("VmHWM:")? })
    }
}

fn memory_line(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(KIB * line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?)
}

fn all_stats() -> BTreeMap<u32, Stat> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name_is() {
        let line = "7 (a) b (c) S 3 7 7 0 -1 4194560 1 2 3 4 100 20 5 1 20 0 1 0 99 1 2";
        assert_eq!(Stat::parse(line), Some(Stat { parent: 3, ticks: 126 }));
        assert_eq!(Stat::parse("7 (a) S 3"), None);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(memory_line(status, "VmHWM:"), Some(2 * 1024 * 1024));
        assert_eq!(memory_line(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_uses_memory() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.rss > 0 && usage.peak >= usage.rss, "{usage:?}");
    }
}
